import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { parse } from 'csv-parse/sync';
import { isValidIBAN } from 'ibantools';
import type { CSV_COLUMNS } from '../../contracts/batches.js';
import { sampleCsv } from '../../dev/sample/payouts.js';

const rows = parse(sampleCsv(), { columns: true }) as Record<(typeof CSV_COLUMNS)[number], string>[];

const hasRoutingChecksum = (routing: string): boolean =>
  [...routing].reduce((sum, digit, index) => sum + Number(digit) * ([3, 7, 1][index % 3] ?? 0), 0) % 10 === 0;

test('the sample is always the same, and payouts.csv is what it makes', () => {
  expect(sampleCsv()).toBe(readFileSync('dev/sample/payouts.csv', 'utf8'));
  expect(sampleCsv(10)).toBe(`${sampleCsv().split('\n').slice(0, 11).join('\n')}\n`);
});

test('it has 1,000 payees in ten countries, each with one valid destination', () => {
  expect(rows).toHaveLength(1_000);
  expect(new Set(rows.map((row) => row.payee_reference)).size).toBe(1_000);
  expect(new Set(rows.map((row) => row.country)).size).toBe(10);
  for (const row of rows) {
    expect([row.iban, row.routing_number, row.account_token].filter(Boolean)).toHaveLength(1);
    if (row.iban) expect([row.iban, isValidIBAN(row.iban)]).toEqual([row.iban, true]);
    if (row.routing_number) expect(hasRoutingChecksum(row.routing_number)).toBe(true);
  }
});

test('twelve destinations are magic, and no other looks like one', () => {
  const last = (row: (typeof rows)[number]) => (row.iban || row.account_number).slice(-4);
  const magic = rows.filter((row) => row.account_token !== '' || last(row).startsWith('99'));
  expect(magic.map((row) => row.payee_reference)).toEqual(
    [57, 133, 218, 301, 389, 466, 540, 612, 701, 784, 866, 941].map((number) => `creator-${String(number).padStart(4, '0')}`),
  );
});
