import { ANOMALY_RULE, type AnomalyStore } from '../operations/stores/anomalies.js';
import { type anomaly_rule, Prisma } from '../prisma/generated/client.js';
import type { Tx } from './transaction/open.js';
import type { Scope } from './transaction/scope.js';
import { tableOf } from './transaction/table.js';

const rules = tableOf<anomaly_rule>()(ANOMALY_RULE);
const SET = ['kind', 'alertAt', 'suspendAt', 'setBy'] as const;

/** A window that began before this is over. */
const SINCE = Prisma.sql`(SELECT since.at FROM since)`;

/** Counts of refused requests of one tenant, and the thresholds that it set. */
export const anomalyStore = ({ orm, sql }: Tx, { tenantId }: Scope): AnomalyStore => ({
  rules: async () => (await orm.anomaly_rule.findMany({ where: { tenant_id: tenantId } })).map(rules.row),

  rule: async (kind) => {
    const row = await orm.anomaly_rule.findUnique({ where: { tenant_id_kind: { tenant_id: tenantId, kind } } });
    return row && rules.row(row);
  },

  setRule: async (rule) => {
    await sql.run('conflict')`
      INSERT INTO anomaly_rule (tenant_id, ${rules.names(SET)}, set_at) VALUES (${tenantId}::uuid, ${rules.values(SET, rule)}, now())
      ON CONFLICT (tenant_id, kind) DO UPDATE SET
        alert_at = excluded.alert_at, suspend_at = excluded.suspend_at, set_by = excluded.set_by, set_at = excluded.set_at`;
  },

  // What is counted to the end already is only read: a flood of refused requests writes nothing.
  count: ({ subject, kind }, { seconds, most }) =>
    sql.row<{ count: number; alerted: boolean }>('conflict')`
      WITH since AS (SELECT greatest(now() - ${seconds}::int * interval '1 second',
        (SELECT k.resumed_at FROM api_key k WHERE k.tenant_id = ${tenantId}::uuid AND k.id = ${subject.id}::uuid)) AS at)
      INSERT INTO anomaly_count AS a (tenant_id, subject_type, subject_id, kind, started_at, count)
      SELECT ${tenantId}::uuid, ${subject.type}::text, ${subject.id}::uuid, ${kind}::text, now(), 1
      WHERE NOT EXISTS (
        SELECT FROM anomaly_count f
        WHERE f.tenant_id = ${tenantId}::uuid AND f.subject_type = ${subject.type} AND f.subject_id = ${subject.id}::uuid AND f.kind = ${kind}
          AND f.started_at > ${SINCE} AND f.count >= ${most}::int)
      ON CONFLICT (tenant_id, subject_type, subject_id, kind) DO UPDATE SET
        count = CASE WHEN a.started_at > ${SINCE} THEN a.count + 1 ELSE 1 END,
        alerted = a.alerted AND a.started_at > ${SINCE},
        started_at = CASE WHEN a.started_at > ${SINCE} THEN a.started_at ELSE excluded.started_at END
      RETURNING a.count, a.alerted`,

  markAlerted: async (subject, kind) => {
    const marked = await sql.row<{ untold: boolean }>('clock')`
      UPDATE anomaly_count SET alerted = true
      WHERE tenant_id = ${tenantId}::uuid AND subject_type = ${subject.type} AND subject_id = ${subject.id}::uuid AND kind = ${kind}
      RETURNING coalesce(told_at <= now() - interval '1 day', true) AS untold`;
    return marked?.untold ?? false;
  },

  markTold: async (subject, kind) => {
    await sql.run('clock')`
      UPDATE anomaly_count SET told_at = now()
      WHERE tenant_id = ${tenantId}::uuid AND subject_type = ${subject.type} AND subject_id = ${subject.id}::uuid AND kind = ${kind}`;
  },
});
