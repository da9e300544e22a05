import { INBOUND_EVENT, type InboundEventStore, UNREADABLE } from '../operations/stores/inbound-events.js';
import type { inbound_event } from '../prisma/generated/client.js';
import type { Tx } from './transaction/open.js';
import { pageOf } from './transaction/page.js';
import type { Scope } from './transaction/scope.js';
import { tableOf } from './transaction/table.js';

const events = tableOf<inbound_event>()(INBOUND_EVENT);
const unreadable = tableOf<inbound_event>()(UNREADABLE);
const NEW = ['id', 'connectionId', 'providerEventId', 'sealedBody'] as const;

/** Deliveries of providers as they came (R7). They are unique by rail connection and provider event id, so a repeat changes nothing. */
export const inboundEventStore = ({ orm, sql }: Tx, { tenantId, now }: Scope): InboundEventStore => ({
  insert: async (row) => {
    const inserted = await sql.run('conflict')`
      INSERT INTO inbound_event (tenant_id, ${events.names(NEW)}) VALUES (${tenantId}::uuid, ${events.values(NEW, row)})
      ON CONFLICT (tenant_id, connection_id, provider_event_id) DO NOTHING`;
    return inserted === 1;
  },

  claimDue: async (limit, leaseMs) => {
    const rows = await sql.rows('lock')`
      UPDATE inbound_event e SET next_at = now() + ${leaseMs} * interval '1 millisecond', attempts = e.attempts + 1
      FROM (
        SELECT id FROM inbound_event WHERE tenant_id = ${tenantId}::uuid AND reduced_at IS NULL AND next_at <= now()
        ORDER BY received_at, id LIMIT ${limit} FOR UPDATE SKIP LOCKED
      ) due
      WHERE e.tenant_id = ${tenantId}::uuid AND e.id = due.id
      RETURNING ${events.list('e')}`;
    return rows.map(events.row);
  },

  markReduced: async (ids) => {
    await sql.run('set')`
      UPDATE inbound_event SET reduced_at = now(), problem = NULL
      WHERE tenant_id = ${tenantId}::uuid AND id = ANY(${[...ids]}::uuid[])`;
  },

  markFailed: async (id, problem, nextMs) => {
    await orm.inbound_event.updateMany({
      where: { tenant_id: tenantId, id },
      data: { problem, next_at: new Date(now.getTime() + nextMs) },
    });
  },

  unreadable: async ({ limit, after, connectionId }) => {
    const rows = await orm.inbound_event.findMany({
      where: {
        tenant_id: tenantId,
        reduced_at: null,
        problem: { not: null },
        ...(after ? { id: { lt: after } } : {}),
        ...(connectionId === undefined ? {} : { connection_id: connectionId }),
      },
      orderBy: { id: 'desc' },
      take: limit + 1,
      omit: { sealed_body: true },
    });
    return pageOf(rows, limit, unreadable.row);
  },

  discard: async (id) => {
    const row = await sql.row('conflict')`
      UPDATE inbound_event SET reduced_at = now()
      WHERE tenant_id = ${tenantId}::uuid AND id = ${id}::uuid AND reduced_at IS NULL AND problem IS NOT NULL RETURNING ${unreadable.list()}`;
    return row && unreadable.row(row);
  },

  replay: async ({ connectionId, since, id }) =>
    sql.run('set')`
      UPDATE inbound_event SET reduced_at = NULL, next_at = now()
      WHERE tenant_id = ${tenantId}::uuid AND connection_id = ${connectionId}::uuid
        AND received_at >= coalesce(${since ?? null}::timestamptz, '-infinity') AND id = coalesce(${id ?? null}::uuid, id)`,
});
