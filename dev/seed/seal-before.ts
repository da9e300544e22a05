import { existsSync } from 'node:fs';
import { writePrivateJson } from '../../cli/identity/private-file.js';
import { storedSeal } from '../../db/sealed-membership.js';
import { storesOf } from '../../db/stores.js';
import { enterTenant } from '../../db/transaction/enter.js';
import { type Database, openDatabase, type Tx } from '../../db/transaction/open.js';
import { toWireId } from '../../domain/ids.js';
import type { Permission } from '../../domain/permissions.js';
import { sealMembership, sealRole } from '../../operations/membership/seal.js';
import type { MembershipKey } from '../../operations/ports.js';
import { openSealsOfBefore } from '../../vault/credentials.js';
import { systemEntropy } from '../../vault/entropy.js';
import { type KeyFile, readKeyFile } from '../../vault/key-file.js';
import { openMembershipKey } from '../../vault/membership-key.js';
import { hasInstallation } from './own-installation.js';

/** ms. A database of before may have many members. */
const PATIENCE_MS = 10 * 60_000;

export interface Sealing {
  ownerUrl: string;
  keyFile: string;
  /** Says that it has happened; it lies beside the key file, where no SQL comes. */
  sealedFile: string;
}

/** How much was sealed. */
export interface Sealed {
  memberships: number;
  roles: number;
  passwords: number;
  factors: number;
  /** Second factors that do not open under the key of the installation. They stay as they are, and no code of them counts. */
  unopened: { factor: string; person: string }[];
}

/** Whether what was there before was sealed once. */
export const isSealed = ({ sealedFile }: Pick<Sealing, 'sealedFile'>): boolean => existsSync(sealedFile);

/**
 * Seals a database that was made before migration 0032 (docs/adr/0075): memberships and roles of workspaces get their authenticators, passwords and
 * factors are bound to their people. Once for an installation, and again at the next start if that was broken off. From then on whatever has no seal
 * was written by somebody else, and stays without. Null when there was nothing to do: it has happened, or the database has no installation yet.
 * Throws an Error when the database is that of another key file, and when it has happened and yet nothing is sealed: then an older one was put back.
 */
export const sealOnce = async (sealing: Sealing): Promise<Sealed | null> => {
  const database = openDatabase(sealing.ownerUrl, 1);
  try {
    if (!(await hasInstallation(database, sealing.keyFile, () => readKeyFile(sealing.keyFile)))) return null;
    if (isSealed(sealing)) {
      if (await noneIsSealed(database)) throw new Error(putBack(sealing));
      return null;
    }
    const sealed = await sealBefore(database, readKeyFile(sealing.keyFile));
    const unopened = sealed.unopened.map(({ factor }) => factor);
    writePrivateJson(sealing.sealedFile, { at: new Date().toISOString(), ...sealed, unopened });
    return sealed;
  } finally {
    await database.close();
  }
};

const noneIsSealed = (database: Database): Promise<boolean> =>
  database.transaction(
    async ({ sql }) => (await sql.row<{ none: boolean }>('function')`SELECT sluice_no_membership_is_sealed() AS none`)?.none ?? false,
  );

const putBack = ({ sealedFile }: Pick<Sealing, 'sealedFile'>): string =>
  [
    `${sealedFile} says that the members of this installation were sealed, but no membership in the database is: an old backup was put back, or somebody took the seals out.`,
    'Nobody can sign in, and nothing is sealed by itself, because somebody may have written these rows.',
    'Compare who is in the tables membership, workspace_role, person and factor with what you know.',
    `Then delete ${sealedFile}, by which you vouch for all of them, and start again: npm start, or npm run operator -- seal`,
  ].join('\n');

/** All of it or nothing, as the owner of the database. */
const sealBefore = (database: Database, keyFile: KeyFile): Promise<Sealed> =>
  database.transaction(
    async (tx) => {
      const key = openMembershipKey(keyFile);
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

const forced = async ({ orm }: Tx, force: 'FORCE' | 'NO FORCE'): Promise<void> => {
  for (const table of ['membership', 'workspace_role']) await orm.$executeRawUnsafe(`ALTER TABLE ${table} ${force} ROW LEVEL SECURITY`);
};

const sealPeople = async ({ orm }: Tx, seals: ReturnType<typeof openSealsOfBefore>): Promise<Pick<Sealed, 'passwords' | 'factors' | 'unopened'>> => {
  const people = await orm.person.findMany({ where: { NOT: { password_hash: { contains: '~' } } }, select: { id: true, password_hash: true } });
  for (const { id, password_hash } of people)
    await orm.person.update({ where: { id }, data: { password_hash: seals.password(id, password_hash) }, select: { id: true } });
  const factors = await orm.factor.findMany({ where: { sealed_place: 1, removed_at: null }, include: { person: { select: { email: true } } } });
  const unopened: Sealed['unopened'] = [];
  // The secret of a factor is never replaced, whoever tries; here it stays the same, and is sealed anew.
  await orm.$executeRawUnsafe('ALTER TABLE factor DISABLE TRIGGER factor_stays');
  for (const { id, person_id, sealed, person } of factors) {
    const anew = seals.factor({ id, personId: person_id }, sealed);
    if (anew) await orm.factor.update({ where: { id }, data: { sealed: Buffer.from(anew), sealed_place: 2 }, select: { id: true } });
    else unopened.push({ factor: toWireId('factor', id), person: person.email });
  }
  await orm.$executeRawUnsafe('ALTER TABLE factor ENABLE TRIGGER factor_stays');
  return { passwords: people.length, factors: factors.length - unopened.length, unopened };
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
