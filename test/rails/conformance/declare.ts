import { test } from '@jest/globals';

/** How the kit's checks are declared: as tests, or collected, to see that a wrong adapter is refused (test/rails/wrong-adapters.test.ts). */
export type Declare = (name: string, check: () => Promise<void> | void) => void;

export const asTest: Declare = (name, check) => {
  test(name, async () => {
    await check();
  });
};
