/**
 * Polls `look` until it returns something other than undefined. Tests wait on states and on the provider's books with
 * this and with nothing else. Fails with `what` and the last thing seen when `mostMs` have passed.
 */
export const until = async <T>(what: string, look: () => Promise<T | undefined>, mostMs = 60_000): Promise<T> => {
  const end = Date.now() + mostMs;
  let problem: unknown;
  while (Date.now() < end) {
    try {
      const seen = await look();
      if (seen !== undefined) return seen;
    } catch (error) {
      // A part that is down on purpose refuses connections: look again.
      problem = error;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${what}: not seen within ${mostMs / 1000} s${problem ? ` (last problem: ${String(problem)})` : ''}`);
};
