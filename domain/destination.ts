import { electronicFormatIBAN, isValidBIC, isValidIBAN } from 'ibantools';
import type { FieldError } from './result.js';

/** Where a payee is paid. Each kind is one group of fields on the wire. */
export type Destination =
  | { kind: 'iban'; iban: string; bic: string | null }
  | { kind: 'us_bank'; routingNumber: string; accountNumber: string }
  | { kind: 'account_token'; accountToken: string };

/** A payee's name and destination exactly as they are sent to the rail: what the commitment covers. */
export interface SentTo {
  name: string;
  payeeType: 'individual' | 'company';
  /** ISO 3166-1 alpha-2. */
  country: string;
  destination: Destination;
}

/** A flat form with the names of the wire: commitment and fingerprint are computed from it. */
export const canonicalSentTo = (to: SentTo): Record<string, string> => ({ ...canonicalPayee(to), ...canonicalDestination(to.destination) });

/** What a payment says about its payee beside the destination. */
export const canonicalPayee = ({ name, payeeType, country }: Pick<SentTo, 'name' | 'payeeType' | 'country'>): Record<string, string> => ({
  name,
  payee_type: payeeType,
  country,
});

export const canonicalDestination = (destination: Destination): Record<string, string> => {
  switch (destination.kind) {
    case 'iban':
      return { kind: 'iban', iban: destination.iban, ...(destination.bic ? { bic: destination.bic } : {}) };
    case 'us_bank':
      return { kind: 'us_bank', routing_number: destination.routingNumber, account_number: destination.accountNumber };
    case 'account_token':
      return { kind: 'account_token', account_token: destination.accountToken };
  }
};

/** What tells accounts apart: an IBAN is the same account with a BIC and without. */
export const canonicalAccount = (destination: Destination): Record<string, string> =>
  canonicalDestination(destination.kind === 'iban' ? { ...destination, bic: null } : destination);

/** For people: shows the last four characters at most, and the country of an IBAN, which facts of batches read here (db/facts.ts). */
export const maskDestination = (destination: Destination): string => {
  const tail = (text: string) => `…${text.slice(-4)}`;
  switch (destination.kind) {
    case 'iban':
      return `IBAN ${destination.iban.slice(0, 2)} ${tail(destination.iban)}`;
    case 'us_bank':
      return `US account ${tail(destination.accountNumber)}`;
    case 'account_token':
      return `Account ${tail(destination.accountToken)}`;
  }
};

export interface RawDestination {
  iban?: string | undefined;
  bic?: string | undefined;
  routing_number?: string | undefined;
  account_number?: string | undefined;
  account_token?: string | undefined;
}

/** The fields of each kind of destination, the one that it cannot be without first. */
const FIELDS = {
  iban: ['iban', 'bic'],
  us_bank: ['account_number', 'routing_number'],
  account_token: ['account_token'],
} as const satisfies Record<Destination['kind'], readonly (keyof RawDestination)[]>;

/**
 * Parses exactly one kind of destination in the one form of its codes, and checks it: IBAN (ISO 13616), BIC (ISO 9362, eleven characters),
 * ABA routing checksum, characters of a token. A field of another kind is an error, because nobody would read it.
 */
export const parseDestination = (raw: RawDestination): { destination: Destination } | { errors: FieldError[] } => {
  const given = Object.values(FIELDS)
    .flat()
    .filter((field) => raw[field]);
  if (given.length === 0) return fail('destination', 'one_destination', ONE_DESTINATION);
  const kinds = Object.keys(FIELDS) as Destination['kind'][];
  const kind = kinds.find((one) => raw[FIELDS[one][0]]);
  if (!kind && given[0] === 'bic') return fail('bic', 'one_destination', 'a BIC goes with an IBAN; add the IBAN or leave the BIC out');
  const fields: readonly (keyof RawDestination)[] = FIELDS[kind ?? 'us_bank'];
  const others = given.filter((field) => !fields.includes(field));
  if (others.length > 0)
    return {
      errors: others.map((field) => ({
        field,
        reason: 'one_destination',
        message: `leave it out beside ${fields.join(' or ')}: ${ONE_DESTINATION}`,
      })),
    };
  if (kind === 'iban') return parseIban(raw.iban ?? '', raw.bic);
  if (kind === 'account_token') return parseToken(raw.account_token ?? '');
  return parseUsBank(raw.routing_number ?? '', raw.account_number ?? '');
};

export const ONE_DESTINATION = 'give exactly one of iban, routing_number with account_number, or account_token';

const parseIban = (text: string, bic: string | undefined): { destination: Destination } | { errors: FieldError[] } => {
  const iban = electronicFormatIBAN(text) ?? '';
  if (!isValidIBAN(iban)) return fail('iban', 'iban_checksum', 'the country, length or check digits of this IBAN are wrong');
  if (bic && !isValidBIC(bic)) return fail('bic', 'bic_format', 'a BIC has 8 or 11 characters');
  return { destination: { kind: 'iban', iban, bic: bic ? bic.padEnd(11, 'X') : null } };
};

const parseToken = (token: string): { destination: Destination } | { errors: FieldError[] } =>
  /^[A-Za-z0-9_-]{4,64}$/.test(token)
    ? { destination: { kind: 'account_token', accountToken: token } }
    : fail('account_token', 'token_characters', '4 to 64 characters of A-Z, a-z, 0-9, _ and -');

const parseUsBank = (routing: string, account: string): { destination: Destination } | { errors: FieldError[] } => {
  if (!isRoutingNumber(routing))
    return fail('routing_number', 'aba_checksum', `nine digits whose ABA checksum holds${isRoutingNumber(`0${routing}`) ? ZERO_DROPPED : ''}`);
  if (!/^\d{4,17}$/.test(account)) return fail('account_number', 'account_digits', '4 to 17 digits');
  return { destination: { kind: 'us_bank', routingNumber: routing, accountNumber: account } };
};

const ZERO_DROPPED = '; a spreadsheet dropped the 0 at its beginning: format the column as text, write the 0 and export again';

/** ABA routing transit number: 3(d1+d4+d7) + 7(d2+d5+d8) + (d3+d6+d9) is a multiple of 10. */
const isRoutingNumber = (text: string): boolean => {
  if (!/^\d{9}$/.test(text) || text === '000000000') return false;
  const sum = [...text].reduce((total, digit, i) => total + Number(digit) * ([3, 7, 1][i % 3] as number), 0);
  return sum % 10 === 0;
};

const fail = (field: string, reason: string, message: string): { errors: FieldError[] } => ({ errors: [{ field, reason, message }] });
