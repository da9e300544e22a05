import { composeIBAN, isValidIBAN } from 'ibantools';
import { CSV_COLUMNS } from '../../contracts/batches.js';
import { NAMES } from './names.js';

/** The sample that `npm start` pays: 1,000 payees in ten countries, most of whom are paid. */
const COUNT = 1_000;
const SEED = 20_260_131;

/** Rows whose destination makes the sandbox provider behave in a special way (dev/sandbox-provider/README.md). */
const MAGIC: Readonly<Record<number, { token: string } | { digits: string }>> = {
  57: { digits: '9901' },
  133: { token: 'declined_0133' },
  218: { digits: '9902' },
  301: { token: 'fails_0301' },
  389: { digits: '9904' },
  466: { token: 'bounced_0466' },
  540: { token: 'lookup_0540' },
  612: { digits: '9905' },
  701: { token: 'lookup_0701' },
  784: { token: 'timeout_0784' },
  866: { token: 'broken_0866' },
  941: { token: 'garbled_0941' },
};

/** The BBAN of a country as letters (A) and digits (9). Random tries find valid national check digits. */
const BBANS: Readonly<Record<string, string>> = {
  DE: '999999999999999999',
  FR: '99999999999999999999999',
  NL: 'AAAA9999999999',
  ES: '99999999999999999999',
  IT: 'A9999999999999999999999',
  AT: '9999999999999999',
  BE: '999999999999',
  IE: 'AAAA99999999999999',
  PT: '999999999999999999999',
};
const COUNTRIES = ['DE', 'DE', 'FR', 'FR', 'NL', 'ES', 'ES', 'IT', 'IT', 'AT', 'BE', 'IE', 'PT', 'US', 'US'];
const ROUTING_NUMBERS = ['021000021', '026009593', '121000248', '322271627', '111000025'];

/** The CSV for `POST /v1/payout-batches`: the first `count` rows of the sample. Only all 1,000 rows contain every magic one. */
export const sampleCsv = (count = COUNT): string => {
  const draw = drawFrom(SEED);
  const rows = Array.from({ length: COUNT }, (_, index) => rowOf(index + 1, draw));
  return `${[CSV_COLUMNS.join(','), ...rows.slice(0, count)].join('\n')}\n`;
};

const rowOf = (number: number, draw: Draw): string => {
  const chosen = draw.one(COUNTRIES);
  const magic = MAGIC[number];
  // A German BBAN has no national check digits, so its last digits are free.
  const country = magic && 'digits' in magic ? 'DE' : chosen;
  const [given, family] = NAMES[country] ?? [[], []];
  const serial = String(number).padStart(4, '0');
  const row: Partial<Record<(typeof CSV_COLUMNS)[number], string>> = {
    payee_reference: `creator-${serial}`,
    payee_name: `${draw.one(given)} ${draw.one(family)}`,
    payee_type: 'individual',
    country,
    ...destination(country, draw, magic && 'digits' in magic ? magic.digits : undefined),
    ...(magic && 'token' in magic ? { iban: '', routing_number: '', account_number: '', account_token: magic.token } : {}),
    amount: (draw.below(180_000) / 100 + 12).toFixed(2),
    reference: `Creator payout ${serial}`,
  };
  return CSV_COLUMNS.map((column) => row[column] ?? '').join(',');
};

const destination = (
  country: string,
  draw: Draw,
  last: string | undefined,
): { iban: string } | { routing_number: string; account_number: string } => {
  if (country === 'US') return { routing_number: draw.one(ROUTING_NUMBERS), account_number: `${draw.digits(6)}${last ?? ordinary(draw)}` };
  for (;;) {
    const bban = [...(BBANS[country] ?? '')].map((kind) => (kind === 'A' ? draw.letter() : draw.digits(1))).join('');
    const ended = `${bban.slice(0, -4)}${last ?? ordinary(draw)}`;
    const iban = composeIBAN({ countryCode: country, bban: ended });
    if (iban && isValidIBAN(iban)) return { iban };
  }
};

/** Last digits without a special meaning for the provider. */
const ordinary = (draw: Draw): string => {
  const digits = draw.digits(4);
  return digits.startsWith('99') ? `10${digits.slice(2)}` : digits;
};

/** A source of pseudo-random values that are the same in every run. */
interface Draw {
  /** 0 ≤ n < limit. */
  below(limit: number): number;
  one<T>(list: readonly T[]): T;
  digits(count: number): string;
  letter(): string;
}

/** mulberry32, a small generator with a 32-bit state: good enough for samples, and for nothing else. */
const drawFrom = (seed: number): Draw => {
  let state = seed;
  const below = (limit: number): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit);
  };
  return {
    below,
    one: <T>(list: readonly T[]): T => {
      const chosen = list[below(list.length)];
      if (chosen === undefined) throw new Error('nothing to draw from');
      return chosen;
    },
    digits: (count) => Array.from({ length: count }, () => below(10)).join(''),
    letter: () => String.fromCharCode(65 + below(26)),
  };
};
