import { toWireId } from '../../domain/ids.js';
import { systemEntropy } from '../../vault/entropy.js';
import type { ApiWorld } from '../world/api.js';

/** An exception with a proposal, parked evidence and an unreadable delivery of a workspace. */
export const doubtIn = async (world: ApiWorld, { tenantId, connectionId }: { tenantId: string; connectionId: string }) => {
  const [exception, proposal, parked, delivery] = Array.from({ length: 4 }, () => systemEntropy.newId()) as [string, string, string, string];
  const insert = (statement: string, values: unknown[]) => world.sql(statement, [tenantId, ...values], tenantId);
  await insert(`INSERT INTO exception (tenant_id, id, kind, detail) VALUES ($1, $2, 'paid_twice_at_provider', '{}')`, [exception]);
  await insert(
    `INSERT INTO proposal (tenant_id, id, exception_id, choice, state, reason, digest, item_count, total, proposed_by)
     VALUES ($1, $2, $3, 'made_good', 'proposed', 'r', decode(repeat('00', 32), 'hex'), 0, 0, $2)`,
    [proposal, exception],
  );
  await insert(
    `INSERT INTO parked_evidence (tenant_id, id, connection_id, payment_key, outcome, rank, reason) VALUES ($1, $2, $3, 'k', 'paid', 1, 'unknown_payment')`,
    [parked, connectionId],
  );
  await insert(
    `INSERT INTO inbound_event (tenant_id, id, connection_id, provider_event_id, sealed_body, problem) VALUES ($1, $2, $3, 'e', '\\x00', 'ZodError')`,
    [delivery, connectionId],
  );
  return {
    exception_id: toWireId('exception', exception),
    proposal_id: toWireId('proposal', proposal),
    parked_evidence_id: toWireId('parkedEvidence', parked),
    delivery_id: toWireId('delivery', delivery),
  };
};
