import { EXIT, Failure } from './failure.js';

/** What the command says when a person breaks it off: where things stand, and the command that goes on. */
export interface Standing {
  message: string;
  hint: string | null;
}

/** What waits now, the innermost last: that one knows most and answers for the command. */
const waiting: object[] = [];

/**
 * Waits for `work`, which a person may break off with Ctrl-C (or a supervisor with SIGTERM). Then the signal that it got ends its
 * requests, and the command ends with what `standing` says and exit code 130 (143), so that the caller can give the terminal back first.
 * A second Ctrl-C ends the process at once.
 */
export const breakable = async <T>(work: (signal: AbortSignal) => Promise<T>, standing: () => Standing): Promise<T> => {
  const broken = new AbortController();
  const me = {};
  let breakOff: (name: NodeJS.Signals) => void = () => {};
  const brokenOff = new Promise<never>((_done, reject) => {
    breakOff = (name) => {
      if (waiting.at(-1) !== me) return;
      const { message, hint } = standing();
      broken.abort();
      reject(new Failure(name === 'SIGINT' ? EXIT.interrupted : EXIT.terminated, message, hint));
    };
  });
  waiting.push(me);
  process.on('SIGINT', breakOff).on('SIGTERM', breakOff);
  try {
    return await Promise.race([work(broken.signal), brokenOff]);
  } finally {
    waiting.splice(waiting.indexOf(me), 1);
    process.off('SIGINT', breakOff).off('SIGTERM', breakOff);
  }
};
