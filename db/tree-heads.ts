import type { RecoveryQuestion } from '../operations/recovery/check.js';
import { leavesOf } from './audit.js';
import type { Database } from './transaction/open.js';

/** What the comparison with the published checkpoints reads in the database (R15). Every process role may read it. */
export const recoveryFacts = async (database: Database): Promise<Pick<RecoveryQuestion, 'heads' | 'installationId' | 'leavesOf'>> => {
  const installation = await database.transaction(({ orm }) => orm.installation.findFirst());
  return {
    heads: async () => {
      const heads = await database.sql.rows<{ tenant_id: string; generation: number; size: bigint; root: Uint8Array | null; published: bigint }>(
        'function',
      )`
        SELECT tenant_id, generation, size, root, published FROM sluice_tree_heads()`;
      return heads.map(({ tenant_id: tenantId, published: recordedSize, ...head }) => ({ tenantId, recordedSize, ...head }));
    },
    installationId: installation?.id ?? null,
    leavesOf: (tenantId, from, to) =>
      database.transaction(async ({ sql }) => {
        await sql.run('setting')`SELECT set_config('app.tenant_id', ${tenantId}, true)`;
        return leavesOf(sql, tenantId, from, to);
      }),
  };
};
