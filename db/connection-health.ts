import type { ConnectionHealth, ConnectionHealthStore } from '../operations/stores/connection-health.js';
import { Prisma } from '../prisma/generated/client.js';
import type { Tx } from './transaction/open.js';
import type { Scope } from './transaction/scope.js';

const PAUSE_MIN_MS = 1_000;
const PAUSE_MAX_MS = 60_000;
/** Failures in a row that make a connection unavailable. A dispatch of so many payments weighs as much by itself: they are not all lost by chance. */
export const FAILURES_MIN = 3;
const MANY_PAYMENTS = 8;
/** After this a chunk tries although no look-up was answered: there may be nothing to look up. */
const UNHEARD_MAX_MS = 5 * 60_000;

/** What SQL gives of a connection's health; the last two are null where there is no row. */
export interface StoredHealth {
  told: boolean;
  failures: number | null;
  retry_in_ms: number;
  heard: boolean;
}

/** For a SELECT list, beside a left join of `connection_health h`. */
export const healthOf = (tenantId: string, batchId: string): Prisma.Sql => Prisma.sql`
  EXISTS (SELECT FROM exception e WHERE e.tenant_id = ${tenantId}::uuid AND e.kind = 'provider_unavailable' AND e.batch_id = ${batchId}::uuid
      AND e.resolved_at IS NULL) AS told,
    h.failures, (extract(epoch FROM h.retry_at - now()) * 1000)::float8 AS retry_in_ms,
    (h.heard_at IS NOT NULL OR h.retry_at < now() - ${UNHEARD_MAX_MS} * interval '1 millisecond') AS heard`;

export const toHealth = ({ told, failures, retry_in_ms, heard }: StoredHealth): ConnectionHealth => {
  if ((failures ?? 0) < FAILURES_MIN) return { kind: 'available', told, failed: (failures ?? 0) > 0 };
  if (heard && retry_in_ms <= 0) return { kind: 'try', told, failed: true };
  return { kind: 'unavailable', told, failed: true, retryInMs: Math.max(0, retry_in_ms) };
};

/** Connections of one tenant that do not answer, on the database's clock. */
export const connectionHealthStore = ({ orm, sql }: Tx, { tenantId }: Scope): ConnectionHealthStore => ({
  of: async (connectionId, batchId) => {
    const row = await sql.row<StoredHealth>('clock')`
      SELECT ${healthOf(tenantId, batchId)}
      FROM (SELECT 1) one LEFT JOIN connection_health h ON h.tenant_id = ${tenantId}::uuid AND h.connection_id = ${connectionId}::uuid`;
    return toHealth(row ?? { told: false, failures: null, retry_in_ms: 0, heard: false });
  },

  unanswered: async (connectionId, payments) => {
    const weight = payments >= MANY_PAYMENTS ? FAILURES_MIN : 1;
    const row = await sql.row<{ failures: number }>('conflict')`
      INSERT INTO connection_health AS h (tenant_id, connection_id, unavailable_since, failures, retry_at)
      VALUES (${tenantId}::uuid, ${connectionId}::uuid, now(), ${weight}, now() + ${PAUSE_MIN_MS} * interval '1 millisecond')
      ON CONFLICT (tenant_id, connection_id) DO UPDATE SET failures = CASE WHEN h.failures < ${FAILURES_MIN} THEN h.failures + ${weight} ELSE h.failures + 1 END, heard_at = NULL,
        retry_at = now() + least(${PAUSE_MAX_MS}, ${PAUSE_MIN_MS} * power(2, greatest(0, least(h.failures, 16) - ${FAILURES_MIN - 1}))) * interval '1 millisecond'
      RETURNING failures`;
    return { failures: row?.failures ?? 0, unavailable: (row?.failures ?? 0) >= FAILURES_MIN };
  },

  heard: async (connectionId) => {
    // A few lost answers of a provider that answers are no sign of anything.
    await orm.connection_health.deleteMany({ where: { tenant_id: tenantId, connection_id: connectionId, failures: { lt: FAILURES_MIN } } });
    await sql.run('clock')`
      UPDATE connection_health SET heard_at = now() WHERE tenant_id = ${tenantId}::uuid AND connection_id = ${connectionId}::uuid AND heard_at IS NULL`;
  },

  toldBy: async (connectionId, receivedAt) => {
    await sql.run('clock')`
      UPDATE connection_health SET heard_at = now() WHERE tenant_id = ${tenantId}::uuid AND connection_id = ${connectionId}::uuid AND heard_at IS NULL
        AND unavailable_since < ${receivedAt}`;
  },

  claimTry: async (connectionId) => {
    const claimed = await sql.run('conflict')`
      UPDATE connection_health SET heard_at = NULL, retry_at = now() + ${PAUSE_MAX_MS} * interval '1 millisecond'
      WHERE tenant_id = ${tenantId}::uuid AND connection_id = ${connectionId}::uuid AND retry_at <= now()
        AND (heard_at IS NOT NULL OR retry_at < now() - ${UNHEARD_MAX_MS} * interval '1 millisecond')`;
    return claimed === 1;
  },

  answered: async (connectionId) => {
    await orm.connection_health.deleteMany({ where: { tenant_id: tenantId, connection_id: connectionId } });
  },
});
