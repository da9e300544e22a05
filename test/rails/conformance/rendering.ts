import { expect, test } from '@jest/globals';
import type { Payment } from '../../../operations/rail.js';
import type { RailUnderTest } from './rail-under-test.js';

/** What every rail must hold before it sends. */
export const provesRendering = (ready: () => RailUnderTest): void => {
  const hash = (payments: readonly Payment[]) => Buffer.from(ready().rail.prepare(payments).hash).toString('hex');

  test('the same payments are the same bytes and the same hash, each time', () => {
    const payments = [ready().payment('paid'), ready().payment('declined')];
    const [first, again] = [ready().rail.prepare(payments), ready().rail.prepare(structuredClone(payments))];
    expect(again).toEqual(first);
    expect(ready().rail.prepare(payments, first.rendererVersion)).toEqual(first);
    expect(first.payments.map(({ key }) => key)).toEqual(payments.map(({ key }) => key));
  });

  test('another value in any field is another hash, and so is another order', () => {
    const [payment, second] = [ready().payment('paid'), ready().payment('paid')];
    const iban = (text: string, bic: string | null) => ({
      ...payment,
      to: { ...payment.to, destination: { kind: 'iban' as const, iban: text, bic } },
    });
    const bank = (routingNumber: string, accountNumber: string) => {
      return { ...payment, to: { ...payment.to, destination: { kind: 'us_bank' as const, routingNumber, accountNumber } } };
    };
    const changed: Payment[] = [
      payment,
      { ...payment, key: second.key },
      { ...payment, amount: payment.amount + 1n },
      { ...payment, currency: 'CHF' },
      { ...payment, reference: 'another' },
      { ...payment, remittance: 'another' },
      { ...payment, to: { ...payment.to, name: 'Somebody Else' } },
      { ...payment, to: { ...payment.to, payeeType: 'company' } },
      { ...payment, to: { ...payment.to, country: 'NZ' } },
      iban('DE89370400440532013000', null),
      iban('DE89370400440532013000', 'COBADEFFXXX'),
      iban('FR1420041010050500013M02606', null),
      bank('021000021', '1234567'),
      bank('021000021', '1234568'),
      bank('011401533', '1234567'),
    ];
    const hashes = [...changed.map((each) => hash([each])), hash([payment, second]), hash([second, payment]), hash([payment, payment])];
    expect(new Set(hashes).size).toBe(hashes.length);
  });

  test('a renderer version that it never had, and an amount that has no exact number, are thrown out', () => {
    const payment = ready().payment('paid');
    expect(() => ready().rail.prepare([payment], 999)).toThrow();
    for (const amount of [0n, -1n, 2n ** 53n]) expect(() => ready().rail.prepare([{ ...payment, amount }])).toThrow();
  });
};
