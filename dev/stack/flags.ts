import { parseArgs } from 'node:util';

export interface Flags {
  /** Pay the sample, check the books, stop; the exit code says whether every check passed. */
  once: boolean;
  /** Whether this start pays the sample; undefined: only the first start does. */
  demo: boolean | undefined;
  ports: 'usual' | 'free' | number;
  dataDir: string | undefined;
  /** The stack does not end with whoever started it, nor by SIGHUP. */
  detached: boolean;
  /** How many rows of the sample are paid. */
  items: number;
}

const USAGE = `npm start -- [--once] [--demo | --no-demo] [--port-base N] [--data-dir DIR] [--detached]
  --once         pay the sample, check the books, stop; exit code 0 only when every check passed
  --demo         pay the sample on this start too; --no-demo: not even on the first
  --port-base N  listen on N and the eleven ports after it; 0 uses free ones
  --data-dir DIR store everything in DIR instead of .sluice
  --detached     go on when the terminal, npm or another process that started it ends; a second npm start shows whom to kill`;

const BASE_MAX = 65_535 - 11;

/** Reads the command line. Ends the process with the usage: with code 0 for --help, with 2 for a wrong flag. */
export const readFlags = (argv: string[]): Flags => {
  try {
    const { values } = parseArgs({
      args: argv,
      options: {
        once: { type: 'boolean', default: false },
        demo: { type: 'boolean' },
        'no-demo': { type: 'boolean' },
        'port-base': { type: 'string' },
        'data-dir': { type: 'string' },
        detached: { type: 'boolean', default: false },
        items: { type: 'string', default: '1000' },
        help: { type: 'boolean', short: 'h' },
      },
    });
    if (values.help) {
      console.log(USAGE);
      process.exit(0);
    }
    if (values.demo && values['no-demo']) throw new Error('--demo and --no-demo exclude each other');
    if (values.once && values['no-demo']) throw new Error('--once pays the sample; --no-demo excludes it');
    return {
      once: values.once,
      demo: values['no-demo'] ? false : values.demo,
      ports: portsOf(values['port-base']),
      dataDir: values['data-dir'],
      detached: values.detached,
      items: wholeNumber('--items', values.items, 1_000),
    };
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${USAGE}`);
    process.exit(2);
  }
};

const portsOf = (text: string | undefined): Flags['ports'] => {
  if (text === undefined) return 'usual';
  return text === '0' ? 'free' : wholeNumber('--port-base', text, BASE_MAX);
};

const wholeNumber = (flag: string, text: string, max: number): number => {
  const number = Number(text);
  if (!/^\d+$/.test(text) || number < 1 || number > max) throw new Error(`${flag} takes a whole number from 1 to ${max}, not ${text}`);
  return number;
};
