import { groupedMoney } from '../../domain/money.js';

/** An amount in minor units as people read it: `1,234,567.50 EUR`. */
export const money = (minor: number, currency: string): string => groupedMoney(BigInt(minor), currency);
