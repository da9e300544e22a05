import { type Refusal, refuse } from '../../domain/result.js';
import type { Services } from '../ports.js';

/**
 * Why nobody decides about money or rights now (R15): the process is in recovery mode, which waiting does not end, or it has not compared the
 * database yet (`not_ready`), which it does soon. Null in normal operation.
 */
export const recoveryRefusal = ({ services }: { services: Pick<Services, 'recovery'> }): Refusal | null => {
  const { recovery } = services;
  const reason = recovery.reason();
  if (reason === null) return null;
  return refuse(recovery.comparing?.() ? 'not_ready' : 'recovery_mode', reason).refusal;
};
