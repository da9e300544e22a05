/** Runs one step of the start and reports how long it took. */
export type Step = <T>(name: string, work: () => Promise<T>) => Promise<T>;

export const timed =
  (say: (line: string) => void): Step =>
  async (name, work) => {
    const started = Date.now();
    const result = await work();
    say(`${name.padEnd(18)} ${((Date.now() - started) / 1_000).toFixed(1)} s`);
    return result;
  };
