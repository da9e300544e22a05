import { currencies } from 'countries-list/currencies';
import { amountForm, amountTextMessage, fractionMessage } from './amount-text.js';
import { ok, type Result, refuse } from './result.js';
import { unfitCharacter, unfitMessage } from './text.js';

/** The largest amount that survives a JSON number: 2^53 − 1 minor units. */
export const AMOUNT_MAX = 9_007_199_254_740_991n;

/** Digits after the decimal point of an ISO 4217 currency that can be paid (`EUR` → 2, `JPY` → 0), or null for any other text. */
export const currencyExponent = (currency: string): number | null => DIGITS.get(currency) ?? null;

/** Codes of ISO 4217 that are units of account, securities' shares or funds (list one, "fund"): nobody is paid in them. */
const FUNDS = new Set(['BOV', 'CHE', 'CHW', 'CLF', 'COU', 'MXV', 'USN', 'USS', 'UYI', 'UYW']);
/** Codes that begin with X are metals, tests, "no currency" and baskets, apart from these: money that several countries share. */
const SHARED = new Set(['XAF', 'XCD', 'XCG', 'XOF', 'XPF']);

const isMoney = (code: string): boolean => !FUNDS.has(code) && (!code.startsWith('X') || SHARED.has(code));

const DIGITS: ReadonlyMap<string, number> = new Map(
  Object.entries(currencies).flatMap(([code, { decimals, withdrawn }]) => (withdrawn || !isMoney(code) ? [] : [[code, decimals] as const])),
);

/** Digits after the decimal point of every currency that can be paid. */
export const currencyDigits = (): Readonly<Record<string, number>> => Object.fromEntries(DIGITS);

/** Currencies that the euro or another one has replaced, and what people write instead of a code. */
const USUAL_MISTAKES: Readonly<Record<string, string>> = { ANG: 'XCG', BGN: 'EUR', HRK: 'EUR', CNH: 'CNY', GBX: 'GBP', RMB: 'CNY', NTD: 'TWD' };

/** What is wrong with a text that is no currency to pay in, and what to write instead where that is known. It repeats three letters only. */
export const currencyMessage = (text: string): string => {
  const unfit = unfitCharacter(text);
  if (unfit) return unfitMessage(unfit);
  const code = text.trim().toUpperCase();
  if (DIGITS.has(text.trim())) return `write ${code} without blanks around it`;
  const instead = USUAL_MISTAKES[code] ?? (DIGITS.has(code) ? code : null);
  if (!/^[A-Z]{3}$/.test(code)) return 'an ISO 4217 code of three capital letters such as EUR';
  return `${text.trim()} is no currency of ISO 4217 that payees are paid in${instead ? `; use ${instead}` : ', such as EUR'}`;
};

/** No amount is longer; a longer text is not worth a look. */
const DECIMAL_MAX = 64;

/**
 * A decimal as people write it in a CSV (`1234.50`) → minor units (`123450n`). The point is the only separator. Refuses signs,
 * exponents, thousands separators and more digits than the currency has with `invalid_request`.
 */
export const parseDecimal = (text: string, currency: string): Result<bigint> => {
  const exponent = currencyExponent(currency);
  if (exponent === null) return refuse('invalid_request', `${currency} is not an ISO 4217 currency code`);
  if (text.length > DECIMAL_MAX) return refuse('invalid_request', amountForm(exponent));
  const match = /^(0|[1-9]\d*)(?:\.(\d+))?$/.exec(text);
  if (!match) return refuse('invalid_request', amountTextMessage(text, exponent));
  const fraction = match[2] ?? '';
  if (fraction.length > exponent) return refuse('invalid_request', fractionMessage(text, currency, exponent));
  const minor = BigInt(match[1] + fraction.padEnd(exponent, '0'));
  return checkAmount(minor, currency);
};

/** Refuses an amount (minor units) that is not positive or exceeds AMOUNT_MAX with `invalid_request`. */
export const checkAmount = (minor: bigint, currency: string): Result<bigint> => {
  if (minor <= 0n) return refuse('invalid_request', 'the amount must be greater than zero');
  if (minor > AMOUNT_MAX) return refuse('invalid_request', `the amount must not exceed ${formatMoney(AMOUNT_MAX, currency)}`);
  return ok(minor);
};

/** Minor units → `1234.50 EUR`, for people. */
export const formatMoney = (minor: bigint, currency: string): string => {
  const exponent = currencyExponent(currency) ?? 0;
  const sign = minor < 0n ? '-' : '';
  const digits = (minor < 0n ? -minor : minor).toString().padStart(exponent + 1, '0');
  const whole = digits.slice(0, digits.length - exponent);
  return `${sign}${whole}${exponent > 0 ? `.${digits.slice(digits.length - exponent)}` : ''} ${currency}`;
};

/** The same with the thousands set apart: `1,234.50 EUR`. */
export const groupedMoney = (minor: bigint, currency: string): string =>
  formatMoney(minor, currency).replace(/^-?\d+/, (whole) => whole.replace(/\B(?=(\d{3})+$)/g, ','));
