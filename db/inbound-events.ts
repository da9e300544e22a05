import type { InboundEventStore } from '../operations/stores/inbound-events.js';
import type { Tx } from './transaction/open.js';
import type { Scope } from './transaction/scope.js';

interface InboundSql {
  id: string;
  connection_id: string;
  provider_event_id: string;
  sealed_body: Uint8Array;
  attempts: number;
}

/** Deliveries of providers as they came (R7). The unique (connection, provider event id) makes a repeat a no-op. */
export const inboundEventStore = (tx: Tx, scope: Scope): InboundEventStore => ({
  insert: async (row) => {
    const inserted = await tx.sql.run('set')`
      INSERT INTO inbound_event (tenant_id, id, connection_id, provider_event_id, sealed_body)
      VALUES (${scope.tenantId}::uuid, ${row.id}::uuid, ${row.connectionId}::uuid, ${row.providerEventId}, ${Buffer.from(row.sealedBody)})
      ON CONFLICT (tenant_id, connection_id, provider_event_id) DO NOTHING`;
    return inserted === 1;
  },

  claimDue: async (limit, leaseMs) => {
    const rows = await tx.sql.rows<InboundSql>('set')`
      UPDATE inbound_event e SET next_at = now() + ${leaseMs} * interval '1 millisecond', attempts = e.attempts + 1
      FROM (
        SELECT id FROM inbound_event WHERE tenant_id = ${scope.tenantId}::uuid AND reduced_at IS NULL AND next_at <= now()
        ORDER BY received_at, id LIMIT ${limit} FOR UPDATE SKIP LOCKED
      ) due
      WHERE e.tenant_id = ${scope.tenantId}::uuid AND e.id = due.id
      RETURNING e.id, e.connection_id, e.provider_event_id, e.sealed_body, e.attempts`;
    return rows.map((row) => ({
      id: row.id,
      connectionId: row.connection_id,
      providerEventId: row.provider_event_id,
      sealedBody: row.sealed_body,
      attempts: row.attempts,
    }));
  },

  markReduced: async (ids) => {
    await tx.sql.run('set')`
      UPDATE inbound_event SET reduced_at = now(), problem = NULL
      WHERE tenant_id = ${scope.tenantId}::uuid AND id = ANY(${[...ids]}::uuid[])`;
  },

  markFailed: async (id, problem, nextMs) => {
    await tx.sql.run('set')`
      UPDATE inbound_event SET problem = ${problem}, next_at = now() + ${nextMs} * interval '1 millisecond'
      WHERE tenant_id = ${scope.tenantId}::uuid AND id = ${id}::uuid`;
  },

  replay: async ({ connectionId, since, id }) =>
    tx.sql.run('set')`
      UPDATE inbound_event SET reduced_at = NULL, next_at = now()
      WHERE tenant_id = ${scope.tenantId}::uuid AND connection_id = ${connectionId}::uuid
        AND received_at >= coalesce(${since ?? null}::timestamptz, '-infinity') AND id = coalesce(${id ?? null}::uuid, id)`,
});
