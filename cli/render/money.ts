import { formatMoney } from '../../domain/money/amount.js';

/** `1,234,567.50 EUR`: grouped, for people only. */
export const money = (minor: number, currency: string): string => {
  const [number = '', code = ''] = formatMoney(BigInt(minor), currency).split(' ');
  const [whole = '', fraction] = number.split('.');
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  return `${grouped}${fraction === undefined ? '' : `.${fraction}`} ${code}`;
};
