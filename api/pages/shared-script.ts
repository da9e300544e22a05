import { currencyDigits } from '../../domain/money.js';
import { FITTING, UNFIT } from '../../domain/text.js';

/**
 * A script with what a page needs of `domain/`, so that it is written once: which characters deceive, and how many digits an amount has after
 * its point. Browsers know the latter by another table, which differs from ISO 4217 for some currencies.
 */
export const sharedScript = (): string =>
  [`export const UNFIT = ${UNFIT};`, `export const FITTING = ${FITTING};`, `export const DIGITS = ${JSON.stringify(currencyDigits())};`, ''].join(
    '\n',
  );
