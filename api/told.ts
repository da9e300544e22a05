import type { ApiDeps } from './deps.js';

/** The same operation, after which what happened to somebody's account is taken to the logs of all their workspaces, refused or not. */
export const told =
  <Input extends unknown[], Output>({ personEvents }: Pick<ApiDeps, 'personEvents'>, operation: (...input: Input) => Promise<Output>) =>
  async (...input: Input): Promise<Output> => {
    const result = await operation(...input);
    personEvents.wake();
    return result;
  };
