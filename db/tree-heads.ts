import type { RecoveryQuestion } from '../operations/recovery/check.js';
import { splitLeaves } from './audit.js';
import type { Database } from './transaction/open.js';

/** What the comparison with the published checkpoints needs of the database, in whichever role the process has (R15). */
export const recoveryFacts = async (database: Database): Promise<Pick<RecoveryQuestion, 'heads' | 'installationId' | 'leavesOf'>> => {
  const [installation] = await database.sql.rows<{ id: string }>('set')`SELECT id FROM installation`;
  return {
    heads: async () => {
      const heads = await database.sql.rows<{ tenant_id: string; size: bigint; root: Uint8Array | null; published: bigint }>('set')`
        SELECT tenant_id, size, root, published FROM sluice_tree_heads()`;
      return heads.map((head) => ({ tenantId: head.tenant_id, size: head.size, root: head.root, recordedSize: head.published }));
    },
    installationId: installation?.id ?? null,
    leavesOf: (tenantId, from, to) =>
      database.transaction(async (tx) => {
        await tx.sql.run('set')`SELECT set_config('app.tenant_id', ${tenantId}, true)`;
        const [row] = await tx.sql.rows<{ leaves: Uint8Array | null }>('set')`
          SELECT string_agg(leaf, ''::bytea ORDER BY index) AS leaves FROM audit_leaf
          WHERE tenant_id = ${tenantId}::uuid AND index >= ${from} AND index < ${to}`;
        return splitLeaves(row?.leaves);
      }),
  };
};
