import { createInterface } from 'node:readline';
import { printableLines } from '../domain/text.js';
import { EXIT, type ExitCode } from './failure.js';
import { fileFailure } from './file-failure.js';

/** The terminal of a command: data goes to `out`, messages to `err`. Texts come from strangers too, so what could control a terminal or deceive is escaped. */
export interface Terminal {
  out(text: string): void;
  err(text: string): void;
  /** Whether standard error is a terminal: only then it gets progress bars. */
  watched: boolean;
  /** Whether a person can answer a prompt. */
  canAsk: boolean;
  /** The next line of standard input without its end, or null when there is none left. */
  readLine(): Promise<string | null>;
  /** Says what is said when the output cannot be written, about what was done before that. */
  whenUnread(says: () => string | null): void;
}

/** The reader of our output may end first, such as `head`, or a gate command that is refused before it reads the piped code. */
const endWithTheReader = (error: NodeJS.ErrnoException, left: string | null): void => {
  if (error.code === 'EPIPE') process.exit();
  const failed = fileFailure(error, 'Standard output', 'write')?.message ?? error.message;
  process.stderr.write(`${printableLines(left === null ? failed : `${failed} ${left}`)}\n`);
  process.exit(EXIT.failed);
};

/** A terminal of fewer columns is written to as if it had these, because text in one column cannot be read. */
const COLUMNS_MIN = 20;
/** What a terminal has that says it has none, as serial lines and some pseudo-terminals do. */
const COLUMNS_USUAL = 80;

/** Whoever lays text out asks the stream for its width: prompts, bars and help do. */
export const withWidth = <Stream extends { isTTY?: boolean; columns?: number | undefined }>(stream: Stream): Stream => {
  if (!stream.isTTY) return stream;
  let said = stream.columns;
  return Object.defineProperty(stream, 'columns', {
    configurable: true,
    enumerable: true,
    get: () => (said ? Math.max(said, COLUMNS_MIN) : COLUMNS_USUAL),
    // The stream itself, when the window changes.
    set: (columns: number) => {
      said = columns;
    },
  });
};

/** Sets how the process ends. One that was broken off ends at once, with whatever it still waits for. */
export const endProcess = (code: ExitCode): void => {
  process.exitCode = code;
  if (code === EXIT.interrupted || code === EXIT.terminated) process.exit(code);
};

export const processTerminal = (): Terminal => {
  let leaves: () => string | null = () => null;
  process.stdout.on('error', (error) => endWithTheReader(error, leaves()));
  // Messages that nobody can read end nothing.
  process.stderr.on('error', () => {});
  withWidth(process.stdout);
  withWidth(process.stderr);
  let lines: AsyncIterator<string> | null = null;
  return {
    out: (text) => void process.stdout.write(`${printableLines(text)}\n`),
    err: (text) => void process.stderr.write(`${printableLines(text)}\n`),
    watched: process.stderr.isTTY === true,
    canAsk: process.stdin.isTTY === true && process.stderr.isTTY === true,
    readLine: async () => {
      lines ??= createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY })[Symbol.asyncIterator]();
      const { value, done } = await lines.next();
      return done ? null : value;
    },
    whenUnread: (says) => {
      leaves = says;
    },
  };
};
