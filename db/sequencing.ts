import { type Sha256, sameBytes } from '../domain/hashing.js';
import { appendLeaves, frontierRoot } from '../domain/merkle-frontier.js';
import { membersOf } from '../operations/stores/columns.js';
import { type SequencingStore, TREE, TREE_HEAD, type TreeHead, type TreeRow } from '../operations/stores/sequencing.js';
import type { audit_tree } from '../prisma/generated/client.js';
import { generationOf } from './audit.js';
import type { Database, Tx } from './transaction/open.js';
import { tableOf } from './transaction/table.js';

const trees = tableOf<audit_tree>()(TREE);
const heads = tableOf<audit_tree>()(TREE_HEAD);
const TREE_MEMBERS = membersOf(TREE);

/** What the sequencer does in the database, which has to be opened in its role. */
export const sequencingStore = (database: Database, sha256: Sha256): SequencingStore => {
  const inTenant = <T>(tenantId: string, work: (tx: Tx) => Promise<T>): Promise<T> =>
    database.transaction(async (tx) => {
      // Every read here is a look into an index; the statistics of a young database say otherwise, and plans are kept.
      await tx.sql.run('setting')`
        SELECT set_config('app.tenant_id', ${tenantId}, true), set_config('enable_seqscan', 'off', true), set_config('enable_hashjoin', 'off', true)`;
      return work(tx);
    });

  const headRows = (rows: readonly Generation[]): TreeHead[] => rows.map((row) => ({ ...heads.row(row), generation: row.generation }));

  return {
    waiting: async () => {
      const rows = await database.sql.rows<{ tenant_id: string }>('function')`
        SELECT tenant_id FROM sluice_tenants_to_sequence() ORDER BY oldest_seconds DESC`;
      return rows.map((row) => row.tenant_id);
    },

    sequence: (tenantId, limit) =>
      inTenant(tenantId, async (tx) => {
        const lock = await tx.sql.row<{ held: boolean }>('lock')`
          SELECT pg_try_advisory_xact_lock(hashtextextended('sluice-sequencer ' || ${tenantId}::text, 0)) AS held`;
        if (!lock?.held) return { kind: 'busy' };
        // The last group committed before its lock was free, so this statement sees all of it.
        const tree = await treeOf(tx, tenantId);
        const events = await tx.sql.rows<WaitingEvent>('join')`
          SELECT p.event_id, e.leaf FROM audit_pending p JOIN audit_event e ON e.tenant_id = p.tenant_id AND e.id = p.event_id
          WHERE p.tenant_id = ${tenantId}::uuid ORDER BY p.position LIMIT ${limit}`;
        const after = events.length === 0 ? tree : await grow(tx, sha256, tenantId, tree, events);
        return { kind: 'sequenced', count: events.length, head: after && (await headOf(tx, after)) };
      }),

    unpublished: async () =>
      headRows(await database.sql.rows<Generation>('function')`SELECT ${heads.list()}, generation FROM sluice_unpublished_heads()`),

    heads: async () =>
      headRows(await database.sql.rows<Generation>('function')`SELECT ${heads.list()}, generation FROM sluice_tree_heads() WHERE root IS NOT NULL`),

    head: (tenantId) =>
      inTenant(tenantId, async (tx) => {
        const tree = await treeOf(tx, tenantId);
        return tree && headOf(tx, tree);
      }),

    recordPublished: (head, note) =>
      inTenant(head.tenantId, async ({ sql }) => {
        await sql.run('conflict')`
          INSERT INTO audit_checkpoint (tenant_id, size, root, note, generation, published_at)
          VALUES (${head.tenantId}::uuid, ${head.size}, ${head.root}, ${note}, ${head.generation}, now())
          ON CONFLICT (tenant_id, size) DO UPDATE SET published_at = coalesce(audit_checkpoint.published_at, excluded.published_at)`;
      }),
  };
};

interface Generation {
  generation: number;
}

interface WaitingEvent {
  event_id: string;
  leaf: Uint8Array;
}

const treeOf = async ({ orm }: Tx, tenantId: string): Promise<TreeRow | null> => {
  const row = await orm.audit_tree.findUnique({ where: { tenant_id: tenantId } });
  return row && trees.row(row);
};

const headOf = async (tx: Tx, { tenantId, size, root }: Omit<TreeRow, 'frontier'>): Promise<TreeHead> => ({
  ...{ tenantId, size, root },
  generation: await generationOf(tx, tenantId),
});

/** Appends the leaves of these events to the tree. Throws when the tree contradicts itself, or changed meanwhile. */
const grow = async (
  tx: Tx,
  sha256: Sha256,
  tenantId: string,
  tree: TreeRow | null,
  events: readonly WaitingEvent[],
): Promise<Omit<TreeRow, 'frontier'>> => {
  const from = tree?.size ?? 0n;
  const before = { size: from, nodes: tree?.frontier ?? [] };
  if (tree && !sameBytes(frontierRoot(sha256, before), tree.root))
    throw new Error(`the stored frontier of the tree of ${tenantId} does not lead to its root`);
  const after = appendLeaves(
    sha256,
    before,
    events.map((event) => event.leaf),
  );
  const root = frontierRoot(sha256, after);
  const ids = events.map((event) => event.event_id);
  const done = await tx.sql.row<{ leaves: bigint; gone: bigint; moved: bigint }>('set')`
    WITH leaves AS (
      INSERT INTO audit_leaf (tenant_id, index, event_id, leaf)
      SELECT e.tenant_id, ${from} + t.place - 1, e.id, e.leaf FROM unnest(${ids}::uuid[]) WITH ORDINALITY AS t (id, place)
      JOIN audit_event e ON e.tenant_id = ${tenantId}::uuid AND e.id = t.id RETURNING 1
    ), gone AS (
      DELETE FROM audit_pending WHERE tenant_id = ${tenantId}::uuid AND event_id = ANY (${ids}::uuid[]) RETURNING 1
    ), moved AS (
      INSERT INTO audit_tree AS t (${trees.names(TREE_MEMBERS)})
      VALUES (${trees.values(TREE_MEMBERS, { tenantId, size: after.size, root, frontier: [...after.nodes] })})
      ON CONFLICT (tenant_id) DO UPDATE SET size = excluded.size, root = excluded.root, frontier = excluded.frontier
      WHERE t.size = ${from} AND t.root = ${tree?.root ?? root} RETURNING 1
    )
    SELECT (SELECT count(*) FROM leaves) AS leaves, (SELECT count(*) FROM gone) AS gone, (SELECT count(*) FROM moved) AS moved`;
  const all = BigInt(ids.length);
  if (done?.leaves !== all || done.gone !== all || done.moved !== 1n) throw new Error(`the tree of ${tenantId} changed under its lock`);
  return { tenantId, size: after.size, root };
};
