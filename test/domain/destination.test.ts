import { describe, expect, test } from '@jest/globals';
import { parseDestination, type RawDestination } from '../../domain/destination.js';
import { canonicalCode } from '../../domain/text.js';

const IBAN = 'DE89370400440532013000';

const kindOf = (raw: RawDestination) => {
  const parsed = parseDestination(raw);
  return 'destination' in parsed ? parsed.destination.kind : parsed.errors.map(({ field, reason }) => `${field} ${reason}`);
};

describe('one destination', () => {
  const fields = { iban: IBAN, bic: 'DEUTDEFF', routing_number: '021000021', account_number: '12345678', account_token: 'tok_12345' };
  const KINDS: Record<string, readonly string[]> = {
    iban: ['iban', 'bic'],
    us_bank: ['routing_number', 'account_number'],
    account_token: ['account_token'],
  };

  test('of all fields that may be given together, each kind takes its own and no other', () => {
    const names = Object.keys(fields) as (keyof typeof fields)[];
    for (let mask = 0; mask < 2 ** names.length; mask++) {
      const given = names.filter((_, bit) => mask & (1 << bit));
      const result = kindOf(Object.fromEntries(given.map((name) => [name, fields[name]])));
      const kind = Object.keys(KINDS).find((one) => given.length > 0 && given.every((name) => KINDS[one]?.includes(name)));
      const whole = kind === 'iban' ? given.includes('iban') : kind === 'us_bank' ? given.length === 2 : kind !== undefined;
      expect([given, Array.isArray(result)]).toEqual([given, !whole]);
      if (whole) expect(result).toBe(kind);
    }
  });

  test('an empty field is one that is left out', () => {
    expect(kindOf({ iban: IBAN, bic: '', account_token: '' })).toBe('iban');
    expect(kindOf({ iban: '', account_token: 'tok_12345' })).toBe('account_token');
    expect(kindOf({})).toEqual(['destination one_destination']);
  });

  test('the field that nobody would read is named', () => {
    expect(kindOf({ account_token: 'tok_12345', bic: 'GARBAGE' })).toEqual(['bic one_destination']);
    expect(kindOf({ bic: 'DEUTDEFF' })).toEqual(['bic one_destination']);
    expect(kindOf({ iban: IBAN, routing_number: '021000021', account_number: '12345678' })).toEqual([
      'account_number one_destination',
      'routing_number one_destination',
    ]);
  });

  test('a BIC has eleven characters in its one form', () => {
    for (const bic of ['DEUTDEFF', 'DEUTDEFFXXX'])
      expect(parseDestination({ iban: IBAN, bic })).toEqual({ destination: { kind: 'iban', iban: IBAN, bic: 'DEUTDEFFXXX' } });
    expect(parseDestination({ iban: IBAN, bic: 'DEUTDEFF500' })).toEqual({ destination: { kind: 'iban', iban: IBAN, bic: 'DEUTDEFF500' } });
  });

  test('a routing number that lost its first 0 is told so, and no other', () => {
    const messageOf = (routing_number: string) => {
      const parsed = parseDestination({ routing_number, account_number: '12345678' });
      return 'errors' in parsed ? parsed.errors[0]?.message : null;
    };
    expect(messageOf('21000021')).toContain('dropped the 0');
    expect(messageOf('21000022')).toBe('nine digits whose ABA checksum holds');
  });

  test('points in an IBAN are dropped as long as its checksum holds', () => {
    expect(kindOf({ iban: canonicalCode('DE89.3704.0044.0532.0130.00') })).toBe('iban');
    expect(kindOf({ iban: canonicalCode('DE89370400440532013000.0') })).toEqual(['iban iban_checksum']);
  });
});
