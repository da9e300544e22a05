import { isAbsolute, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { quoted } from '../quoted.js';
import { findLocalStack } from './stack.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/**
 * What people type for `sluice` here so that the same stack answers: `npx sluice` in this clone, elsewhere the clone's own program, since
 * there npx would fetch a stranger's package. A stack that only SLUICE_DATA_DIR names is named again. Away from any stack it is `sluice`.
 */
export const programOf = (env: NodeJS.ProcessEnv, from: string): string => {
  const stack = findLocalStack(env, from);
  if (!stack) return 'sluice';
  const program = isBelow(ROOT, from) ? 'npx sluice' : quoted(join(ROOT, 'bin', 'sluice.mjs'));
  const given = env['SLUICE_DATA_DIR'];
  const isFound = !given || findLocalStack({}, from)?.data_dir === stack.data_dir;
  return isFound ? program : `SLUICE_DATA_DIR=${quoted(resolve(from, given))} ${program}`;
};

const isBelow = (folder: string, path: string): boolean => {
  const way = relative(folder, path);
  return !way.startsWith('..') && !isAbsolute(way);
};

/** What a command line was told about whom and what it talks to. */
export interface Reach {
  as?: string;
  profile?: string;
  url?: string;
}

/** A command in a text: `sluice`, then a command or a flag. */
const COMMAND = /(?<![\w/.-])(?:npx )?sluice (?=(--)?([a-z][a-z-]*))/g;

/**
 * A text for people with each of its commands as it has to be typed to reach what this command reached. `names` are the commands of the
 * program; a command that names somebody to act as keeps them.
 */
export const asTyped = (text: string, program: string, { as, profile, url }: Reach, names: readonly string[]): string =>
  text.replace(COMMAND, (whole, isFlag: string | undefined, word: string, at: number) => {
    if (isFlag === undefined && !names.includes(word)) return whole;
    const said = text.slice(at + whole.length).split(/ {3}|[`;]/)[0] ?? '';
    // These read the stack's own file, and act as nobody.
    if (word === 'dev') return `${program} `;
    const who = /--(as|profile) /.test(said) ? [] : [...(as ? ['--as', as] : []), ...(profile ? ['--profile', quoted(profile)] : [])];
    return `${[program, ...(url ? ['--url', quoted(url)] : []), ...who].join(' ')} `;
  });
