import { type Refusal, refuse } from '../../domain/result.js';
import type { Context } from '../context.js';

/** Why nobody decides about money or rights now: the process is in recovery mode (R15). Null in normal operation. */
export const recoveryRefusal = (ctx: Context): Refusal | null => {
  const reason = ctx.services.recovery.reason();
  if (reason === null) return null;
  return refuse('recovery_mode', reason).refusal;
};
