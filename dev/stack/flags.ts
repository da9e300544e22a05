import { parseArgs } from 'node:util';

export interface Flags {
  /** Pay the sample, check the books, stop; the exit code says whether all held. */
  once: boolean;
  /** Undefined: on the first start only. */
  demo: boolean | undefined;
  ports: 'usual' | 'free' | number;
  dataDir: string | undefined;
  /** Rows of the sample that are paid. */
  items: number;
}

const USAGE = `npm start -- [--once] [--demo | --no-demo] [--port-base N] [--data-dir DIR]
  --once         pay the sample, check the books, stop; exit code 0 only when everything held
  --demo         pay the sample on this start as well; --no-demo: not even on the first
  --port-base N  listen on N and the eight ports after it; 0 takes free ones
  --data-dir DIR keep everything in DIR instead of .sluice`;

const HIGHEST_BASE = 65_535 - 8;

/** Reads the command line; ends the process with 2 and the usage when it says something unknown, with 0 for --help. */
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
      items: wholeNumber('--items', values.items, 1_000),
    };
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${USAGE}`);
    process.exit(2);
  }
};

const portsOf = (text: string | undefined): Flags['ports'] => {
  if (text === undefined) return 'usual';
  return text === '0' ? 'free' : wholeNumber('--port-base', text, HIGHEST_BASE);
};

const wholeNumber = (flag: string, text: string, most: number): number => {
  const number = Number(text);
  if (!/^\d+$/.test(text) || number < 1 || number > most) throw new Error(`${flag} takes a whole number from 1 to ${most}, not ${text}`);
  return number;
};
