import type { Result } from '../../domain/result.js';
import type { WireBatch } from '../../operations/batch-state/read.js';

/** `challenge_0198…` → the UUID inside. */
export const uuidOf = (wire: string): string => {
  const hex = wire.slice(wire.indexOf('_') + 1);
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
};

/** Value of a result; throws the refusal. */
export const must = <T>(result: Result<T>): T => {
  if (!result.ok) throw new Error(`refused: ${JSON.stringify(result.refusal)}`);
  return result.value;
};

/** A batch that was created, not merely validated. */
export const made = (result: Result<{ object: string }>): WireBatch => {
  const value = must(result);
  if (value.object !== 'payout_batch') throw new Error(`got a ${value.object}`);
  return value as WireBatch;
};

/** The code of a refusal, or `ok`. */
export const codeOf = (result: Result<unknown>): string => (result.ok ? 'ok' : result.refusal.code);

/** The code of a refusal, with place and reason of each error. */
export const refusalOf = (result: Result<unknown>): { code: string; errors: string[] } =>
  result.ok
    ? { code: 'ok', errors: [] }
    : {
        code: result.refusal.code,
        errors: (result.refusal.errors ?? []).map(({ row, field, reason }) => `${row === undefined ? '' : `${row} `}${field} ${reason}`),
      };
