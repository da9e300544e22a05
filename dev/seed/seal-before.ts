import { existsSync } from 'node:fs';
import { writePrivateJson } from '../../cli/identity/private-file.js';
import { storedSeal } from '../../db/sealed-membership.js';
import { storesOf } from '../../db/stores.js';
import { enterTenant } from '../../db/transaction/enter.js';
import { openDatabase, type Tx } from '../../db/transaction/open.js';
import type { Permission } from '../../domain/permissions.js';
import { sealMembership, sealRole } from '../../operations/membership/seal.js';
import type { MembershipKey } from '../../operations/ports.js';
import { openSealsOfBefore } from '../../vault/credentials.js';
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

/** How much was sealed. */
interface Sealed {
  memberships: number;
  roles: number;
  passwords: number;
  factors: number;
}

/** Whether what was there before was sealed once. */
export const isSealed = ({ sealedFile }: Pick<Sealing, 'sealedFile'>): boolean => existsSync(sealedFile);

/**
 * Seals a database that was made before migration 0032 (docs/adr/0075): memberships and roles of workspaces get their authenticators, passwords and
 * factors are bound to their people. Once for an installation, and again at the next start if that was broken off. From then on whatever has no seal
 * was written by somebody else, and stays without.
 */
export const sealOnce = async (sealing: Sealing): Promise<void> => {
  if (isSealed(sealing)) return;
  const sealed = await sealBefore(sealing);
  writePrivateJson(sealing.sealedFile, { at: new Date().toISOString(), ...sealed });
};

/** All of it or nothing, as the owner of the database. */
const sealBefore = async ({ ownerUrl, keyFile: path }: Sealing): Promise<Sealed> => {
  const keyFile = readKeyFile(path);
  const key = openMembershipKey(keyFile);
  const database = openDatabase(ownerUrl, 1);
  try {
    return await database.transaction(
      async (tx) => {
        // Rows of all workspaces are read, by the owner, whom row-level security binds too while it is forced.
        await forced(tx, 'NO FORCE');
        const members = await tx.orm.membership.findMany({ where: { authenticator: null } });
        const roles = await tx.orm.workspace_role.findMany({ where: { authenticator: null } });
        await forced(tx, 'FORCE');
        const people = await sealPeople(tx, openSealsOfBefore(keyFile));
        for (const tenantId of new Set([...members, ...roles].map(({ tenant_id }) => tenant_id)))
          await sealWorkspace(tx, key, {
            tenantId,
            members: members.filter(({ tenant_id }) => tenant_id === tenantId),
            roles: roles.filter(({ tenant_id }) => tenant_id === tenantId),
          });
        return { memberships: members.length, roles: roles.length, ...people };
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

const sealPeople = async ({ orm }: Tx, seals: ReturnType<typeof openSealsOfBefore>): Promise<Pick<Sealed, 'passwords' | 'factors'>> => {
  const people = await orm.person.findMany({ where: { NOT: { password_hash: { contains: '~' } } }, select: { id: true, password_hash: true } });
  for (const { id, password_hash } of people)
    await orm.person.update({ where: { id }, data: { password_hash: seals.password(id, password_hash) }, select: { id: true } });
  const factors = await orm.factor.findMany({ where: { sealed_place: 1, removed_at: null } });
  // The secret of a factor is never replaced, whoever tries; here it stays the same, and is sealed anew.
  await orm.$executeRawUnsafe('ALTER TABLE factor DISABLE TRIGGER factor_stays');
  for (const { id, person_id, sealed } of factors) {
    const anew = Buffer.from(seals.factor({ id, personId: person_id }, sealed));
    await orm.factor.update({ where: { id }, data: { sealed: anew, sealed_place: 2 }, select: { id: true } });
  }
  await orm.$executeRawUnsafe('ALTER TABLE factor ENABLE TRIGGER factor_stays');
  return { passwords: people.length, factors: factors.length };
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
