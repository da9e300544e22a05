import { canonicalBytes, toHex } from '../../domain/hashing.js';
import type { Context } from '../context.js';
import type { Stores } from '../ports.js';
import type { OpenBatch } from '../stores/recoveries.js';

/** What a recovery of one workspace would do. */
export interface RecoveryPlan {
  /** The newest moment that the restored database knows of. */
  knownUntil: Date;
  batches: OpenBatch[];
  connections: { connectionId: string; version: number }[];
  /** SHA-256 over all of it: what the two people agree on. */
  digest: string;
}

/** Reads the plan. In recovery mode nothing of it changes. */
export const planRecovery = async (ctx: Context, stores: Stores): Promise<RecoveryPlan> => {
  const knownUntil = await stores.recoveries.knownUntil();
  const batches = await stores.recoveries.openBatches();
  const connections = await stores.recoveries.connections();
  const plan = {
    domain: 'sluice-recovery-plan-v1',
    tenant_id: ctx.tenantId,
    known_until: knownUntil.toISOString(),
    batches: batches.map(({ amount, ...batch }) => ({ ...batch, amount: amount.toString() })),
    connections,
  };
  return { knownUntil, batches, connections, digest: toHex(ctx.services.sha256(canonicalBytes(plan))) };
};
