import { findLocalStack } from '../../cli/identity/stack.js';
import { placesIn } from '../data-folder/places.js';
import { readState, type StackState } from '../data-folder/state.js';

const NO_STACK = 'No stack was started here. Start one: npm start';

/** The data folder of the stack of this folder. Throws an Error when there is none. */
export const dataDirectory = (): string => {
  const stack = findLocalStack(process.env, process.cwd());
  if (stack) return stack.data_dir;
  throw new Error(NO_STACK);
};

/** What stack.json holds. Throws an Error when there is none. */
export const localStack = (): StackState => {
  const state = readState(placesIn(dataDirectory()).stackFile);
  if (state) return state;
  throw new Error(NO_STACK);
};
