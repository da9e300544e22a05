/** Cheap on purpose: one test proves the real cost. */
export const CHEAP_ARGON2 = { memoryKiB: 64, passes: 1, lanes: 1 };
