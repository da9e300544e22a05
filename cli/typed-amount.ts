import { AMOUNT_MAX, currencyExponent, formatMoney, parseDecimal } from '../domain/money.js';
import { EXIT, Failure } from './failure.js';

/** Thousands that are set apart as errors and lists show them. Without a point behind them a comma may be one. */
const GROUPED = /^[1-9]\d{0,2}(?:,\d{3})+\.\d+$/;

/** An amount that a person typed, such as `1250.00` or `2,275,741.69` → minor units. Fails with what is wrong about it. */
export const typedAmount = (text: string, currency: string): bigint => {
  const plain = GROUPED.test(text) ? text.replaceAll(',', '') : text;
  const amount = parseDecimal(plain, currency);
  if (amount.ok) return amount.value;
  const largest = formatMoney(AMOUNT_MAX, currency);
  if (/^\d+(\.\d+)?$/.test(plain) && Number(plain) > Number.parseFloat(largest))
    throw new Failure(EXIT.usage, `the amount is too large; the largest is ${largest}`);
  const hasDecimals = (currencyExponent(currency) ?? 0) > 0;
  const aboutComma = hasDecimals
    ? 'a comma may stand for a point or for thousands: write 1250.00, or 1,250.00 with the decimals'
    : `${currency} has no decimals: write the amount without a comma, such as 1250`;
  throw new Failure(EXIT.usage, text.includes(',') ? `${text}: ${aboutComma}.` : amount.refusal.detail);
};
