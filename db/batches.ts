import {
  BATCH,
  type BatchStore,
  CHUNK_ROOT,
  CONTENT,
  CONTROL,
  COUNTER,
  type ContentRow,
  NEW_BATCH_MEMBERS,
  PREPARATION,
} from '../operations/stores/batches.js';
import { membersOf } from '../operations/stores/columns.js';
import { UPLOAD, type UploadRow } from '../operations/stores/uploads.js';
import { WORKSPACE } from '../operations/stores/workspaces.js';
import {
  type batch_chunk,
  type batch_content,
  type batch_control,
  type batch_counter,
  type batch_preparer,
  Prisma,
  type payout_batch,
  type upload,
  type workspace,
} from '../prisma/generated/client.js';
import { healthOf, type StoredHealth, toHealth } from './connection-health.js';
import { CONNECTION_LIST, toConnection } from './rail-connections.js';
import { batchKey, exclusive } from './transaction/locks.js';
import type { Tx } from './transaction/open.js';
import type { Scope } from './transaction/scope.js';
import { tableOf } from './transaction/table.js';

const batches = tableOf<payout_batch>()(BATCH);
const controls = tableOf<batch_control>()(CONTROL);
const contents = tableOf<batch_content>()(CONTENT);
const CONTENT_MEMBERS = membersOf(CONTENT);
const counters = tableOf<batch_counter>()(COUNTER);
const chunkRoots = tableOf<batch_chunk>()(CHUNK_ROOT);
const uploads = tableOf<upload>()(UPLOAD);
const preparations = tableOf<batch_preparer>()(PREPARATION);
const workspaces = tableOf<workspace>()(WORKSPACE).joined('w');

/** Their columns where several of these tables are joined. */
export const inView = {
  batch: batches.joined('b'),
  control: controls.joined('c'),
  content: contents.joined('t'),
  counter: counters.joined('n'),
  upload: uploads.joined('u'),
};

interface StoredToSend extends StoredHealth {
  'r.id': string | null;
  known_until: Date | null;
  open: number;
  path: Uint8Array | null;
}

/** The row of a left join, which has nothing but nulls where there is none. */
export const toContent = (row: ContentRow): ContentRow | null => ((row.digest as Uint8Array | null) === null ? null : row);
export const toUpload = (row: UploadRow): UploadRow | null => ((row.batchId as string | null) === null ? null : row);

/** People see this batch: it has content, or a workflow takes it in. */
const SEEN = Prisma.sql`(EXISTS (SELECT 1 FROM batch_content t WHERE t.tenant_id = c.tenant_id AND t.batch_id = c.batch_id)
    OR EXISTS (SELECT 1 FROM upload u WHERE u.tenant_id = c.tenant_id AND u.batch_id = c.batch_id))`;

/** An id carries the time of the process that made it, so the search begins a day earlier than R9 asks. */
const DESTINATION_IDS_MS = 48 * 3_600_000;

/** The smallest UUIDv7 of a moment. */
const firstIdOf = (at: Date): string => `${at.getTime().toString(16).padStart(12, '0')}${'0'.repeat(20)}`;

/** Paths of one UPDATE. */
const PATHS_MAX = 5_000;

/** Batches of one tenant, with their control, counter, content, chunk root and preparer rows. */
export const batchStore = ({ orm, sql }: Tx, { tenantId, actor, now }: Scope): BatchStore => ({
  async insert(row, state, deadlineAt) {
    const inserted = await sql.row('conflict')`
      WITH batch AS (
        INSERT INTO payout_batch (tenant_id, ${batches.names(NEW_BATCH_MEMBERS)}, created_actor)
        VALUES (${tenantId}::uuid, ${batches.values(NEW_BATCH_MEMBERS, row)}, ${JSON.stringify(actor)}::jsonb)
        ON CONFLICT (tenant_id, external_id) DO NOTHING
        RETURNING tenant_id, id
      ), control AS (
        INSERT INTO batch_control (tenant_id, batch_id, state, deadline_at) SELECT tenant_id, id, ${state}, ${deadlineAt} FROM batch
      )
      INSERT INTO batch_counter (tenant_id, batch_id) SELECT tenant_id, id FROM batch RETURNING 1`;
    return inserted !== null;
  },

  async byExternalId(externalId) {
    const row = await orm.payout_batch.findFirst({ where: { tenant_id: tenantId, external_id: externalId }, select: { id: true } });
    return row?.id ?? null;
  },

  async receiving() {
    const rows = await sql.rows('lock')`
      SELECT ${inView.batch.list}, ${inView.control.list} FROM payout_batch b
      JOIN batch_control c ON c.tenant_id = b.tenant_id AND c.batch_id = b.id
      WHERE c.tenant_id = ${tenantId}::uuid AND c.state = 'receiving' ORDER BY b.id FOR UPDATE OF c`;
    return rows.map((row) => ({ batch: inView.batch.row(row), control: inView.control.row(row) }));
  },

  async incoming(id) {
    const row = await sql.row('join')`
      SELECT ${inView.batch.list}, ${inView.control.list}, ${inView.upload.list} FROM payout_batch b
      JOIN batch_control c ON c.tenant_id = b.tenant_id AND c.batch_id = b.id
      LEFT JOIN upload u ON u.tenant_id = b.tenant_id AND u.batch_id = b.id
      WHERE b.tenant_id = ${tenantId}::uuid AND b.id = ${id}::uuid AND c.state = 'receiving'`;
    return row && { batch: inView.batch.row(row), control: inView.control.row(row), upload: toUpload(inView.upload.row(row)) };
  },

  async giveUpExternalId(id) {
    await orm.payout_batch.updateMany({ where: { tenant_id: tenantId, id }, data: { external_id: null } });
  },

  async get(id) {
    const row = await sql.row('hot')`SELECT ${batches.list()} FROM payout_batch WHERE tenant_id = ${tenantId}::uuid AND id = ${id}::uuid`;
    return row && batches.row(row);
  },

  async control(id) {
    const row = await sql.row('hot')`
      SELECT ${controls.list('c')} FROM batch_control c WHERE c.tenant_id = ${tenantId}::uuid AND c.batch_id = ${id}::uuid AND ${SEEN}`;
    return row && controls.row(row);
  },

  async lock(id) {
    // In a statement of its own: the next one sees what the transactions that it waited for have committed.
    await sql.run('lock')`SELECT ${exclusive(batchKey(tenantId, id))}`;
    return this.control(id);
  },

  async move(id, rowVersion, change) {
    // The statement names only the columns that change: each role may write only its own (R18).
    const { count } = await orm.batch_control.updateMany({
      where: { tenant_id: tenantId, batch_id: id, row_version: rowVersion },
      data: { ...controls.stored(change), ...(change.state === undefined ? {} : { state_at: now }), row_version: { increment: 1 } },
    });
    return count === 1;
  },

  async executing() {
    const rows = await orm.batch_control.findMany({ where: { tenant_id: tenantId, state: 'executing' }, select: { batch_id: true } });
    return rows.map(({ batch_id }) => batch_id);
  },

  async moveLocked(id, rowVersion, change) {
    if (!(await this.move(id, rowVersion, change))) throw new Error(`batch ${id} moved under its own lock`);
  },

  async addPreparer(id, personId, action) {
    await sql.run('conflict')`
      INSERT INTO batch_preparer (tenant_id, batch_id, person_id, deed) VALUES (${tenantId}::uuid, ${id}::uuid, ${personId}::uuid, ${action})
      ON CONFLICT DO NOTHING`;
  },

  async preparers(id) {
    // Few destinations were changed lately by people who are no preparers, mostly none: then this reads no item. Otherwise it reads
    // both tables once and aggregates, because right after an ingest the planner joins two big tables as if they were empty. A version
    // has in it what the versions before it changed, so it is that of their people too.
    const lately = firstIdOf(new Date(now.getTime() - DESTINATION_IDS_MS));
    const byOthers = (made: string) =>
      Prisma.raw(
        `(${made}.created_at > now() - interval '24 hours' AND ${made}.created_by IS NOT NULL AND ${made}.created_by NOT IN (SELECT person_id FROM known))`,
      );
    const rows = await sql.rows<{ person_id: string }>('join')`
      WITH known AS MATERIALIZED (
        SELECT person_id FROM batch_preparer WHERE tenant_id = ${tenantId}::uuid AND batch_id = ${id}::uuid
      ), recent AS MATERIALIZED (
        SELECT d.id, d.payee_id, d.version, d.created_by, ${byOthers('d')} AS by_others FROM payee_destination d
        WHERE d.tenant_id = ${tenantId}::uuid AND d.id >= ${lately}::uuid AND (d.version > 1 OR ${byOthers('d')})
      ), lately AS MATERIALIZED (
        SELECT id, created_by FROM recent WHERE by_others
      ), theirs AS MATERIALIZED (
        SELECT id, created_by FROM lately
        UNION ALL
        SELECT v.id, l.created_by FROM recent v CROSS JOIN LATERAL (
          SELECT e.created_by FROM payee_destination e
          WHERE e.tenant_id = ${tenantId}::uuid AND e.payee_id = v.payee_id AND e.version < v.version AND e.id >= ${lately}::uuid AND ${byOthers('e')}
          OFFSET 0) l
        WHERE v.version > 1 AND EXISTS (SELECT FROM lately)
      )
      SELECT person_id FROM known
      UNION
      SELECT unnest(array_agg(DISTINCT u.person) FILTER (WHERE u.person IS NOT NULL)) FROM (
        SELECT id, created_by AS person FROM theirs
        UNION ALL
        SELECT i.destination_id, NULL FROM payout_item i
        WHERE (SELECT EXISTS (SELECT 1 FROM lately)) AND i.tenant_id = ${tenantId}::uuid AND i.batch_id = ${id}::uuid
          AND i.state <> 'excluded' AND i.destination_id >= ${lately}::uuid
      ) u GROUP BY u.id HAVING count(u.person) > 0 AND count(*) > count(u.person)`;
    return rows.map((row) => row.person_id);
  },

  async preparations(id) {
    const rows = await orm.batch_preparer.findMany({ where: { tenant_id: tenantId, batch_id: id }, orderBy: { created_at: 'asc' } });
    return rows.map(preparations.row);
  },

  async toSend(id, chunk) {
    const row = await sql.row<StoredToSend>('join')`
      SELECT ${inView.batch.list}, ${inView.control.list}, ${inView.content.list}, ${workspaces.list}, ${CONNECTION_LIST},
        n.open, ${healthOf(tenantId, id)}, m.known_until, k.path
      FROM payout_batch b
      JOIN workspace w ON w.tenant_id = ${tenantId}::uuid
      JOIN batch_control c ON c.tenant_id = ${tenantId}::uuid AND c.batch_id = ${id}::uuid
      JOIN batch_counter n ON n.tenant_id = ${tenantId}::uuid AND n.batch_id = ${id}::uuid
      LEFT JOIN batch_content t ON t.tenant_id = ${tenantId}::uuid AND t.batch_id = ${id}::uuid AND t.content_version = c.content_version
      LEFT JOIN batch_chunk k ON k.tenant_id = ${tenantId}::uuid AND k.batch_id = ${id}::uuid AND k.chunk = ${chunk}
      LEFT JOIN recovery_mark m ON m.tenant_id = ${tenantId}::uuid AND m.batch_id = ${id}::uuid
      LEFT JOIN (rail_connection r JOIN rail_connection_version v ON v.tenant_id = r.tenant_id AND v.connection_id = r.id)
        ON r.tenant_id = ${tenantId}::uuid AND r.id = b.connection_id AND v.version = coalesce(b.connection_version, 1)
      LEFT JOIN connection_health h ON h.tenant_id = ${tenantId}::uuid AND h.connection_id = b.connection_id
      WHERE b.tenant_id = ${tenantId}::uuid AND b.id = ${id}::uuid`;
    return (
      row && {
        batch: inView.batch.row(row),
        control: inView.control.row(row),
        content: toContent(inView.content.row(row)),
        workspace: workspaces.row(row),
        connection: row['r.id'] === null ? null : toConnection(row),
        health: toHealth(row),
        knownUntil: row.known_until,
        path: row.path,
        open: row.open,
      }
    );
  },

  async content(id, contentVersion) {
    const row = await sql.row('hot')`
      SELECT ${contents.list()} FROM batch_content
      WHERE tenant_id = ${tenantId}::uuid AND batch_id = ${id}::uuid AND content_version = ${contentVersion}`;
    return row && contents.row(row);
  },

  async insertContent(id, row) {
    // The ORM would write the process's clock into `created_at`.
    await sql.run('clock')`
      INSERT INTO batch_content (tenant_id, batch_id, ${contents.names(CONTENT_MEMBERS)})
      VALUES (${tenantId}::uuid, ${id}::uuid, ${contents.values(CONTENT_MEMBERS, row)})`;
  },

  async chunkRoots(id) {
    const rows = await sql.rows<{ root: Uint8Array }>('set')`
      SELECT root FROM batch_chunk WHERE tenant_id = ${tenantId}::uuid AND batch_id = ${id}::uuid ORDER BY chunk`;
    return rows.map(({ root }) => root);
  },

  async putChunkRoots(id, roots) {
    if (roots.length === 0) return;
    await sql.run('set')`
      INSERT INTO batch_chunk (tenant_id, batch_id, ${chunkRoots.names(['chunk', 'root'])})
      SELECT ${tenantId}::uuid, ${id}::uuid, r.* FROM ${chunkRoots.unnest(['chunk', 'root'], roots)} AS r
      ON CONFLICT (tenant_id, batch_id, chunk) DO UPDATE SET root = EXCLUDED.root`;
  },

  async chunkPath(id, chunk) {
    const row = await sql.row<{ path: Uint8Array | null }>('hot')`
      SELECT path FROM batch_chunk WHERE tenant_id = ${tenantId}::uuid AND batch_id = ${id}::uuid AND chunk = ${chunk}`;
    return row?.path ?? null;
  },

  async putChunkPaths(id, paths) {
    for (let from = 0; from < paths.length; from += PATHS_MAX)
      await sql.run('set')`
        UPDATE batch_chunk c SET path = p.path FROM unnest(${paths.slice(from, from + PATHS_MAX)}::bytea[]) WITH ORDINALITY AS p (path, place)
        WHERE c.tenant_id = ${tenantId}::uuid AND c.batch_id = ${id}::uuid AND c.chunk = ${from} + p.place - 1`;
  },

  async counter(id) {
    const row = await sql.row('hot')`SELECT ${counters.list()} FROM batch_counter WHERE tenant_id = ${tenantId}::uuid AND batch_id = ${id}::uuid`;
    return counters.row(row ?? missingCounter(id));
  },
});

const missingCounter = (id: string): never => {
  throw new Error(`batch ${id} has no counter row`);
};
