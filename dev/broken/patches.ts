import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The folder of the patches, from the root of the checkout. */
export const FOLDER = 'test/broken';
const ENDING = '.txt';
/** The files of a folder that are searched; generated code is not ours. */
const SOURCE = /^(?!(.*\/)?generated\/).*\.(ts|mjs|sql)$/;

const HEAD = /^family: (\S+)\ntest: (\S+)(?:\nonly: (.+))?$/;
const SWAP = /^in: (\S+)((?:\n- .*\S.*)+)((?:\n\+ .*)*)$/;

/** One safeguard taken away, and the test that must notice. */
export interface Patch {
  /** Name of its file, without the ending. */
  name: string;
  /** Project of jest.config.js. */
  family: string;
  /** Path of the test file. */
  test: string;
  /** Which tests of that file, as `jest -t` takes it; null for all. */
  only: string | null;
  /** The rule that holds, and what happens without it. */
  description: string;
  swaps: Swap[];
}

export interface Swap {
  /** A folder ("db/"), so that its files may be moved and split, or one file. */
  place: string;
  /** Code that occurs exactly once in the place; whitespace does not matter. */
  search: string;
  /** May be empty. */
  replacement: string;
}

/** Names of all patches, sorted. */
export const patchNames = (root: string): string[] =>
  readdirSync(join(root, FOLDER))
    .filter((file) => file.endsWith(ENDING))
    .map((file) => file.slice(0, -ENDING.length))
    .sort();

/** Throws an Error when the file is not of the form that `parsePatch` reads. */
export const readPatch = (root: string, name: string): Patch => parsePatch(name, readFileSync(join(root, FOLDER, `${name}${ENDING}`), 'utf8'));

/**
 * Reads a patch: its test, a sentence, then one or more replacements, separated by empty lines. Throws an Error that names the
 * patch when it has another form:
 *
 *     family: database
 *     test: test/operations/chunk-pay.test.ts
 *     only: a frozen workspace sends nothing
 *
 *     Nothing leaves a frozen workspace: it does (R1).
 *
 *     in: operations/
 *     - workspace.frozenAt ? 'frozen' : null
 *     + null
 *
 * `only` is optional. Without lines with a plus, the code is removed.
 */
export const parsePatch = (name: string, text: string): Patch => {
  const [head = '', description = '', ...blocks] = text.trimEnd().split(/\n{2,}/);
  const [, family, test, only] = HEAD.exec(head) ?? [];
  if (!family || !test) throw new Error(`${name}: it must begin with "family: …" and "test: …", perhaps "only: …", then an empty line`);
  if (!/^\S.*\.$/.test(description)) throw new Error(`${name}: after the first lines, one line must say in a sentence what is taken away`);
  if (blocks.length === 0) throw new Error(`${name}: it replaces nothing`);
  return { name, family, test, only: only ?? null, description, swaps: blocks.map((block) => parseSwap(name, block)) };
};

const parseSwap = (name: string, block: string): Swap => {
  const [, place, searched, replaced] = SWAP.exec(block) ?? [];
  if (!place || !searched) throw new Error(`${name}: a replacement is "in: …", lines with "- …", perhaps lines with "+ …", not:\n${block}`);
  const [search, replacement] = [withoutSigns(searched), withoutSigns(replaced ?? '')];
  if (tokensOf(search).join(' ') === tokensOf(replacement).join(' ')) throw new Error(`${name}: "${search}" is replaced by itself`);
  return { place, search, replacement };
};

const withoutSigns = (lines: string): string =>
  lines
    .split('\n')
    .slice(1)
    .map((line) => line.slice(2))
    .join('\n');

/**
 * Returns the changed texts of files by path; writes nothing. Throws an Error that names the patch when code that it searches for
 * does not occur exactly once.
 */
export const applyPatch = ({ name, swaps }: Patch, root: string): Map<string, string> => {
  const changed = new Map<string, string>();
  for (const { place, search, replacement } of swaps) {
    if (!existsSync(join(root, place))) throw new Error(`${name}: there is no ${place}`);
    const found = filesOf(root, place).flatMap((path) => {
      const text = changed.get(path) ?? readFileSync(join(root, path), 'utf8');
      return [...text.matchAll(patternOf(search))].map((match) => ({ path, text, from: match.index, to: match.index + match[0].length }));
    });
    const [only, another] = found;
    if (!only || another) {
      const paths = [...new Set(found.map(({ path }) => path))].join(', ');
      throw new Error(`${name}: "${search}" occurs ${found.length} times in ${place}, not once${paths && `: ${paths}`}`);
    }
    changed.set(only.path, only.text.slice(0, only.from) + replacement + only.text.slice(only.to));
  }
  return changed;
};

const filesOf = (root: string, place: string): string[] =>
  place.endsWith('/')
    ? readdirSync(join(root, place), { recursive: true, encoding: 'utf8' })
        .filter((file) => SOURCE.test(file))
        .map((file) => `${place}${file}`)
    : [place];

/** Words as a whole, everything else character by character. */
const tokensOf = (code: string): string[] => code.match(/\w+|[^\w\s]/gu) ?? [];

/**
 * Finds code in any layout of a formatter: whitespace may be between any two tokens and must be between two words, and a comma before
 * a closing bracket is optional.
 */
const patternOf = (search: string): RegExp => {
  const tokens = tokensOf(search).filter((token, i, all) => token !== ',' || !isClosing(all[i + 1]));
  const pattern = tokens.map((token, i) => {
    const before = tokens[i - 1];
    const gap = before === undefined ? '' : isWord(before) && isWord(token) ? '\\s+' : isClosing(token) ? '\\s*,?\\s*' : '\\s*';
    return gap + token.replace(/[\\^$.*+?()[\]{}|/]/, '\\$&');
  });
  // A word at either end is a whole word: `key` is not found in `monkey`.
  return new RegExp(`${isWord(tokens[0]) ? '(?<!\\w)' : ''}${pattern.join('')}${isWord(tokens.at(-1)) ? '(?!\\w)' : ''}`, 'gu');
};

const isWord = (token: string | undefined): boolean => token !== undefined && /^\w/.test(token);
const isClosing = (token: string | undefined): boolean => token === ')' || token === ']' || token === '}';
