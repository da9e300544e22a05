import { createInterface } from 'node:readline';

/** The terminal of a command: data goes to `out`, messages to `err`. */
export interface Terminal {
  out(text: string): void;
  err(text: string): void;
  /** Whether standard error is a terminal: only then it gets progress bars. */
  watched: boolean;
  /** Whether a person can answer a prompt. */
  canAsk: boolean;
  /** The next line of standard input without its end, or null when there is none left. */
  readLine(): Promise<string | null>;
}

/** The reader of our output may end first, such as `head`, or a gate command that is refused before it reads the piped code. */
const endWithTheReader = (error: NodeJS.ErrnoException): void => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
};

export const processTerminal = (): Terminal => {
  process.stdout.on('error', endWithTheReader);
  let lines: AsyncIterator<string> | null = null;
  return {
    out: (text) => void process.stdout.write(`${text}\n`),
    err: (text) => void process.stderr.write(`${text}\n`),
    watched: process.stderr.isTTY === true,
    canAsk: process.stdin.isTTY === true && process.stderr.isTTY === true,
    readLine: async () => {
      lines ??= createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY })[Symbol.asyncIterator]();
      const { value, done } = await lines.next();
      return done ? null : value;
    },
  };
};
