import { expect, test } from '@jest/globals';
import { effectOf, RESOLUTIONS, type Resolution } from '../../domain/exceptions.js';

const CHOICES = Object.keys(RESOLUTIONS) as Resolution[];
const about = { items: 3, amount: 123_450n, currency: 'EUR' };

test.each(CHOICES)('%s says in a sentence what it does to the money', (choice) => {
  expect(effectOf(choice, about)).toMatch(/^(No money moves|The batch goes on|3 items are .*1,234\.50 EUR).*\.$/);
});

test('what settles items says where their money goes, of one item too', () => {
  expect(effectOf('provider_paid', about)).toBe('3 items are booked as paid: 1,234.50 EUR leave the hold.');
  expect(effectOf('provider_never_got', { ...about, items: 1, amount: 5n })).toBe(
    '1 item is failed: 0.05 EUR leave the hold and go back to the funding account.',
  );
});
