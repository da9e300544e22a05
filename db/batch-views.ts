import type { ExceptionKind } from '../domain/exceptions.js';
import { type BatchView, type BatchViewStore, SHOWN_GATE } from '../operations/stores/batch-views.js';
import { FACTS, SHOWN_FACTS } from '../operations/stores/facts.js';
import { GATE } from '../operations/stores/gates.js';
import { type batch_facts, type gate, Prisma } from '../prisma/generated/client.js';
import { inView, toContent, toUpload } from './batches.js';
import { FAILURES_MIN } from './connection-health.js';
import type { Tx } from './transaction/open.js';
import { pageOf } from './transaction/page.js';
import type { Scope } from './transaction/scope.js';
import { tableOf } from './transaction/table.js';

const factsInView = tableOf<batch_facts>()(FACTS).json('f', SHOWN_FACTS);
const gatesInView = tableOf<gate>()(GATE).json('g', SHOWN_GATE);

/** An upload that only its own request knows has neither content nor a row in `upload`: nobody sees it (R19). */
const VIEW = Prisma.sql`SELECT ${inView.batch.list}, ${inView.control.list}, ${inView.content.list}, ${inView.counter.list}, ${inView.upload.list},
    coalesce((SELECT jsonb_agg(jsonb_build_array(${gatesInView.list}) ORDER BY g.opened_at)
      FROM gate g WHERE g.tenant_id = c.tenant_id AND g.batch_id = c.batch_id AND g.content_version = c.content_version), '[]') AS gates,
    (SELECT jsonb_build_array(${factsInView.list})
      FROM batch_facts f WHERE f.tenant_id = c.tenant_id AND f.batch_id = c.batch_id AND f.content_version = c.content_version) AS facts,
    ARRAY(SELECT e.kind FROM exception e WHERE e.tenant_id = c.tenant_id AND e.batch_id = c.batch_id AND e.resolved_at IS NULL ORDER BY e.kind)
      AS open_exceptions,
    (SELECT w.frozen_at IS NOT NULL FROM workspace w WHERE w.tenant_id = b.tenant_id) AS workspace_frozen,
    (SELECT r.disabled_at IS NOT NULL FROM rail_connection r WHERE r.tenant_id = b.tenant_id AND r.id = b.connection_id) AS connection_disabled,
    EXISTS (SELECT 1 FROM connection_health h WHERE h.tenant_id = b.tenant_id AND h.connection_id = b.connection_id AND h.failures >= ${FAILURES_MIN}) AS connection_silent,
    (SELECT max(v.version) FROM rail_connection_version v WHERE v.tenant_id = b.tenant_id AND v.connection_id = b.connection_id) AS newest_version
  FROM payout_batch b
  JOIN batch_control c ON c.tenant_id = b.tenant_id AND c.batch_id = b.id
  JOIN batch_counter n ON n.tenant_id = b.tenant_id AND n.batch_id = b.id
  LEFT JOIN batch_content t ON t.tenant_id = b.tenant_id AND t.batch_id = b.id AND t.content_version = c.content_version
  LEFT JOIN upload u ON u.tenant_id = b.tenant_id AND u.batch_id = b.id`;

const IS_SEEN = Prisma.sql`(t.batch_id IS NOT NULL OR u.batch_id IS NOT NULL)`;

interface StoredView {
  gates: unknown[][];
  facts: unknown[] | null;
  open_exceptions: ExceptionKind[];
  workspace_frozen: boolean;
  connection_disabled: boolean;
  connection_silent: boolean;
  newest_version: number;
}

const toView = (row: StoredView): BatchView => ({
  batch: inView.batch.row(row),
  control: inView.control.row(row),
  content: toContent(inView.content.row(row)),
  upload: toUpload(inView.upload.row(row)),
  counter: inView.counter.row(row),
  gates: row.gates.map(gatesInView.row),
  facts: row.facts && factsInView.row(row.facts),
  openExceptions: row.open_exceptions,
  frozen: row.workspace_frozen,
  connection: { disabled: row.connection_disabled, silent: row.connection_silent, newestVersion: row.newest_version },
});

/** Batches of one tenant as people see them, with all that a batch shows in one statement. */
export const batchViewStore = ({ sql }: Tx, { tenantId }: Scope): BatchViewStore => ({
  async view(id) {
    const row = await sql.row<StoredView>('join')`${VIEW} WHERE b.tenant_id = ${tenantId}::uuid AND b.id = ${id}::uuid AND ${IS_SEEN}`;
    return row && toView(row);
  },

  async list({ limit, after, state, externalId }) {
    const rows = await sql.rows<StoredView>('join')`${VIEW} WHERE b.tenant_id = ${tenantId}::uuid AND ${IS_SEEN}
      ${after === undefined ? Prisma.empty : Prisma.sql`AND b.id < ${after}::uuid`}
      ${state === undefined ? Prisma.empty : Prisma.sql`AND c.state = ${state}`}
      ${externalId === undefined ? Prisma.empty : Prisma.sql`AND b.external_id = ${externalId}`}
      ORDER BY b.id DESC LIMIT ${limit + 1}`;
    return pageOf(rows, limit, toView);
  },
});
