import { Argument, type Command } from 'commander';
import { findLocalStack } from '../../cli/identity/stack.js';
import { placesIn } from '../stack/places.js';
import { readState, type StackState } from '../stack/state.js';
import { freshCode } from './code.js';
import { KILLABLE, type Killable, killPart } from './kill.js';
import { peopleLines } from './people.js';

/** Adds `sluice dev …`, which exists only beside a local stack. */
export const mountDev = (program: Command): void => {
  const dev = program.command('dev').description('the local demo stack: its people, their codes, and killing its processes');
  dev
    .command('people')
    .description('who works in the demo, with passwords and second factors')
    .action(() => show(program, localStack().people, () => peopleLines(localStack())));
  dev
    .command('code')
    .description('a code of a person that was not used yet; waits for one when all of this minute were')
    .argument('<role>')
    .action(async (role: string) => {
      // The code alone stands on standard output, so that it can be piped to a gate.
      const found = await freshCode(localStack(), role, (seconds) => console.error(`All codes of this moment were used; waiting ${seconds} s.`));
      show(program, found, () => [found.code]);
      if (!program.opts<{ json?: boolean }>().json) console.error(`good for ${found.seconds} s`);
    });
  dev
    .command('kill')
    .description('kill -9 of a process of the stack; it is started again')
    .addArgument(new Argument('<part>').choices(KILLABLE))
    .action(async (part: Killable) => {
      const done = await killPart(dataDirectory(), part);
      show(program, done, () => [
        `${part} (process ${done.killed}) was killed; ${done.now ? `process ${done.now} took its place` : 'it is not back yet, see its log'}`,
      ]);
    });
};

/** Data folder of the stack beside which we are. Throws an Error when there is none. */
export const dataDirectory = (): string => {
  const stack = findLocalStack(process.env, process.cwd());
  if (stack) return stack.data_dir;
  throw new Error('No stack was started here. Start one: npm start');
};

const localStack = (): StackState => {
  const state = readState(placesIn(dataDirectory()).stackFile);
  if (state) return state;
  throw new Error('No stack was started here. Start one: npm start');
};

const show = (program: Command, data: unknown, human: () => string[]): void => {
  console.log(program.opts<{ json?: boolean }>().json ? JSON.stringify(data, null, 2) : human().join('\n'));
};
