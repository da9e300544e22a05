import { existsSync } from 'node:fs';
import { writePrivateJson } from '../../cli/identity/private-file.js';
import { storedSeal } from '../../db/sealed-membership.js';
import { storesOf } from '../../db/stores.js';
import { enterTenant } from '../../db/transaction/enter.js';
import { openDatabase, type Tx } from '../../db/transaction/open.js';
import type { Permission } from '../../domain/permissions.js';
import { sealMembership, sealRole } from '../../operations/membership/seal.js';
import type { MembershipKey } from '../../operations/ports.js';
import { systemEntropy } from '../../vault/entropy.js';
import { readKeyFile } from '../../vault/key-file.js';
import { openMembershipKey } from '../../vault/membership-key.js';

/** ms. A database of before may have many members. */
const PATIENCE_MS = 10 * 60_000;

interface Sealing {
  ownerUrl: string;
  keyFile: string;
  /** Says that it has happened; it lies beside the key file, where no SQL comes. */
  sealedFile: string;
}

/** Whether the memberships of this installation were sealed once. */
export const isSealed = ({ sealedFile }: Pick<Sealing, 'sealedFile'>): boolean => existsSync(sealedFile);

/**
 * Seals the memberships of a database that was made before migration 0032 (docs/adr/0075): once for an installation, and again at the next start if that
 * was broken off. From then on whatever has no authenticator was written by somebody else, and stays without.
 */
export const sealOnce = async (sealing: Sealing): Promise<void> => {
  if (isSealed(sealing)) return;
  const sealed = await sealMemberships(sealing);
  writePrivateJson(sealing.sealedFile, { at: new Date().toISOString(), sealed });
};

/** Seals what has no authenticator, each workspace with an event in its log; all of it or nothing. Answers how many rows. */
const sealMemberships = async ({ ownerUrl, keyFile }: Sealing): Promise<number> => {
  const key = openMembershipKey(readKeyFile(keyFile));
  const database = openDatabase(ownerUrl, 1);
  try {
    return await database.transaction(
      async (tx) => {
        // Rows of all workspaces are read, by the owner, whom row-level security binds too while it is forced.
        await forced(tx, 'NO FORCE');
        const members = await tx.orm.membership.findMany({ where: { authenticator: null } });
        const roles = await tx.orm.workspace_role.findMany({ where: { authenticator: null } });
        await forced(tx, 'FORCE');
        for (const tenantId of new Set([...members, ...roles].map(({ tenant_id }) => tenant_id)))
          await sealWorkspace(tx, key, {
            tenantId,
            members: members.filter(({ tenant_id }) => tenant_id === tenantId),
            roles: roles.filter(({ tenant_id }) => tenant_id === tenantId),
          });
        return members.length + roles.length;
      },
      { timeoutMs: PATIENCE_MS },
    );
  } finally {
    await database.close();
  }
};

const forced = async ({ orm }: Tx, force: 'FORCE' | 'NO FORCE'): Promise<void> => {
  for (const table of ['membership', 'workspace_role']) await orm.$executeRawUnsafe(`ALTER TABLE ${table} ${force} ROW LEVEL SECURITY`);
};

interface Unsealed {
  tenantId: string;
  members: { person_id: string; roles: string[]; disabled_at: Date | null }[];
  roles: { name: string; permissions: string[] }[];
}

const sealWorkspace = async (tx: Tx, key: MembershipKey, { tenantId, members, roles }: Unsealed): Promise<void> => {
  const requestId = `req_${systemEntropy.newId().replaceAll('-', '')}`;
  const stores = storesOf(tx, await enterTenant(tx, { tenantId, actor: { type: 'system', process: 'setup' }, requestId }));
  const eventId = stores.audit.newId();
  for (const { person_id, roles: held, disabled_at } of members) {
    const said = { tenantId, personId: person_id, roles: held, disabled: disabled_at !== null, eventId };
    const where = { tenant_id_person_id: { tenant_id: tenantId, person_id } };
    await tx.orm.membership.update({ where, data: storedSeal(sealMembership(key, said)), select: { person_id: true } });
  }
  for (const { name, permissions } of roles) {
    const seal = sealRole(key, { tenantId, name, permissions: permissions as Permission[], eventId });
    await stores.roles.change(name, permissions as Permission[], seal);
  }
  await stores.audit.append({
    id: eventId,
    subject: { type: 'workspace', id: tenantId },
    action: 'workspace.seal_memberships',
    result: 'ok',
    detail: { members: members.length, roles: roles.length },
  });
};
