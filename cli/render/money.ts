import { formatMoney } from '../../domain/money.js';

/** An amount in minor units as people read it: `1,234,567.50 EUR`. */
export const money = (minor: number, currency: string): string => {
  const [number = '', code = ''] = formatMoney(BigInt(minor), currency).split(' ');
  const [whole = '', fraction] = number.split('.');
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  return `${grouped}${fraction === undefined ? '' : `.${fraction}`} ${code}`;
};
