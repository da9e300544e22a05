import type { Sha256 } from '../domain/hashing.js';
import { sameBytes } from '../domain/hashing.js';
import { appendLeaves, frontierRoot } from '../domain/merkle-frontier.js';
import type { SequencingStore, TreeHead } from '../operations/stores/sequencing.js';
import type { Database, Tx } from './transaction/open.js';

interface TreeRow {
  size: bigint;
  root: Uint8Array;
  frontier: Uint8Array[];
}

/** The sequencer's own database work, on a database opened in its role. */
export const sequencingStore = (database: Database, sha256: Sha256): SequencingStore => {
  const inTenant = <T>(tenantId: string, work: (tx: Tx) => Promise<T>): Promise<T> =>
    database.transaction(async (tx) => {
      // Every read here is a look into an index; in a young database the statistics say otherwise, and plans are kept.
      await tx.sql.run(
        'set',
      )`SELECT set_config('app.tenant_id', ${tenantId}, true), set_config('enable_seqscan', 'off', true), set_config('enable_hashjoin', 'off', true)`;
      return work(tx);
    });

  return {
    waiting: async () => {
      const rows = await database.sql.rows<{ tenant_id: string }>(
        'set',
      )`SELECT tenant_id FROM sluice_tenants_to_sequence() ORDER BY oldest_seconds DESC`;
      return rows.map((row) => row.tenant_id);
    },

    sequence: (tenantId, most) =>
      inTenant(tenantId, async (tx) => {
        const [lock] = await tx.sql.rows<{ held: boolean }>('set')`
          SELECT pg_try_advisory_xact_lock(hashtextextended('sluice-sequencer ' || ${tenantId}::text, 0)) AS held`;
        if (!lock?.held) return { kind: 'busy' };
        // Whoever committed the last group holds the lock no more, so this statement sees all of it.
        const [tree] = await tx.sql.rows<TreeRow>('set')`SELECT size, root, frontier FROM audit_tree WHERE tenant_id = ${tenantId}::uuid`;
        const events = await tx.sql.rows<{ event_id: string; leaf: Uint8Array }>('set')`
          SELECT p.event_id, e.leaf FROM audit_pending p JOIN audit_event e ON e.tenant_id = p.tenant_id AND e.id = p.event_id
          WHERE p.tenant_id = ${tenantId}::uuid ORDER BY p.position LIMIT ${most}`;
        if (events.length === 0) return { kind: 'sequenced', count: 0, head: tree ? { tenantId, size: tree.size, root: tree.root } : null };
        return { kind: 'sequenced', count: events.length, head: await grow(tx, sha256, tenantId, tree ?? null, events) };
      }),

    unpublished: async () => {
      const rows = await database.sql.rows<{ tenant_id: string; size: bigint; root: Uint8Array }>('set')`SELECT * FROM sluice_unpublished_heads()`;
      return rows.map((row) => ({ tenantId: row.tenant_id, size: row.size, root: row.root }));
    },

    heads: async () => {
      const rows = await database.sql.rows<{ tenant_id: string; size: bigint; root: Uint8Array }>('set')`
        SELECT tenant_id, size, root FROM sluice_tree_heads() WHERE root IS NOT NULL`;
      return rows.map((row) => ({ tenantId: row.tenant_id, size: row.size, root: row.root }));
    },

    head: (tenantId) =>
      inTenant(tenantId, async (tx) => {
        const [row] = await tx.sql.rows<TreeRow>('set')`SELECT size, root, frontier FROM audit_tree WHERE tenant_id = ${tenantId}::uuid`;
        return row ? { tenantId, size: row.size, root: row.root } : null;
      }),

    recordPublished: (head, note) =>
      inTenant(head.tenantId, async (tx) => {
        await tx.sql.run('set')`
          INSERT INTO audit_checkpoint (tenant_id, size, root, note, published_at)
          VALUES (${head.tenantId}::uuid, ${head.size}, ${head.root}, ${note}, now())
          ON CONFLICT (tenant_id, size) DO UPDATE SET published_at = coalesce(audit_checkpoint.published_at, excluded.published_at)`;
      }),
  };
};

const grow = async (
  tx: Tx,
  sha256: Sha256,
  tenantId: string,
  tree: TreeRow | null,
  events: readonly { event_id: string; leaf: Uint8Array }[],
): Promise<TreeHead> => {
  const from = tree?.size ?? 0n;
  const before = { size: from, nodes: tree?.frontier ?? [] };
  if (tree && !sameBytes(frontierRoot(sha256, before), tree.root))
    throw new Error(`the stored edge of the tree of ${tenantId} does not lead to its root`);
  const after = appendLeaves(
    sha256,
    before,
    events.map((event) => event.leaf),
  );
  const root = frontierRoot(sha256, after);
  const ids = events.map((event) => event.event_id);
  const [done] = await tx.sql.rows<{ leaves: bigint; gone: bigint; moved: bigint }>('set')`
    WITH leaves AS (
      INSERT INTO audit_leaf (tenant_id, index, event_id, leaf)
      SELECT e.tenant_id, ${from} + t.place - 1, e.id, e.leaf FROM unnest(${ids}::uuid[]) WITH ORDINALITY AS t (id, place)
      JOIN audit_event e ON e.tenant_id = ${tenantId}::uuid AND e.id = t.id RETURNING 1
    ), gone AS (
      DELETE FROM audit_pending WHERE tenant_id = ${tenantId}::uuid AND event_id = ANY (${ids}::uuid[]) RETURNING 1
    ), moved AS (
      INSERT INTO audit_tree AS t (tenant_id, size, root, frontier) VALUES (${tenantId}::uuid, ${after.size}, ${root}, ${[...after.nodes]}::bytea[])
      ON CONFLICT (tenant_id) DO UPDATE SET size = excluded.size, root = excluded.root, frontier = excluded.frontier
      WHERE t.size = ${from} AND t.root = ${tree?.root ?? root} RETURNING 1
    )
    SELECT (SELECT count(*) FROM leaves) AS leaves, (SELECT count(*) FROM gone) AS gone, (SELECT count(*) FROM moved) AS moved`;
  const all = BigInt(ids.length);
  if (done?.leaves !== all || done.gone !== all || done.moved !== 1n) throw new Error(`the tree of ${tenantId} moved under its lock`);
  return { tenantId, size: after.size, root };
};
