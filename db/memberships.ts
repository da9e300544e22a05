import { type MembershipStore, PERSON_NAME } from '../operations/stores/memberships.js';
import { Prisma, type person } from '../prisma/generated/client.js';
import { type StoredMembership, sealedMembership, storedSeal } from './sealed-membership.js';
import type { Tx } from './transaction/open.js';
import { pageOf } from './transaction/page.js';
import type { Scope } from './transaction/scope.js';
import { tableOf } from './transaction/table.js';

const people = tableOf<person>()(PERSON_NAME);

interface Standing {
  roles: string[];
  active: boolean;
  verified: boolean;
}

/** Members of one tenant. People belong to no tenant, so every read of them goes through a membership. */
export const membershipStore = ({ orm, sql }: Tx, { tenantId, now }: Scope): MembershipStore => ({
  list: async ({ limit, after, email }) => {
    const rows = await sql.rows<Standing>('join')`
      SELECT ${people.list('p')}, m.roles, (m.disabled_at IS NULL AND p.disabled_at IS NULL) AS active,
        p.email_verified_at IS NOT NULL AS verified FROM membership m JOIN person p ON p.id = m.person_id
      WHERE m.tenant_id = ${tenantId}::uuid
      ${after === undefined ? Prisma.empty : Prisma.sql`AND m.person_id < ${after}::uuid`}
      ${email === undefined ? Prisma.empty : Prisma.sql`AND p.email = ${email}`}
      ORDER BY m.person_id DESC LIMIT ${limit + 1}`;
    return pageOf(rows, limit, (row) => ({ ...people.row(row), roles: row.roles, active: row.active, emailVerified: row.verified }));
  },

  lock: async (personId) => {
    // In one statement and one order, so that two who change each other wait instead of deadlocking.
    const rows = await sql.rows<Standing>('lock')`
      SELECT ${people.list('p')}, m.roles, (m.disabled_at IS NULL AND p.disabled_at IS NULL) AS active,
        p.email_verified_at IS NOT NULL AS verified FROM membership m JOIN person p ON p.id = m.person_id
      WHERE m.tenant_id = ${tenantId}::uuid AND (m.person_id = ${personId}::uuid OR 'owner' = ANY (m.roles))
      ORDER BY m.person_id FOR UPDATE OF m`;
    const members = rows.map((row) => ({ ...people.row(row), roles: row.roles, active: row.active, emailVerified: row.verified }));
    const member = members.find(({ id }) => id === personId);
    return member ? { member, owners: members.filter(({ roles, active }) => active && roles.includes('owner')).map(({ id }) => id) } : null;
  },

  holder: async (personId, permission) => {
    const row = await sql.row<{ permitted: boolean; membership: StoredMembership | null }>('function')`
      SELECT sluice_holds(${personId}::uuid, ${permission}) AS permitted, sluice_membership_of(${personId}::uuid) AS membership`;
    return { permitted: row?.permitted ?? false, membership: sealedMembership(row?.membership) };
  },

  sealed: async (personId) => {
    const row = await sql.row<{ membership: StoredMembership | null }>('function')`SELECT sluice_membership_of(${personId}::uuid) AS membership`;
    return sealedMembership(row?.membership);
  },

  administrators: async (most) => {
    const rows = await sql.rows('join')`
      SELECT ${people.list('p')} FROM membership m JOIN person p ON p.id = m.person_id
      WHERE m.tenant_id = ${tenantId}::uuid AND m.roles && ARRAY['owner', 'admin'] AND m.disabled_at IS NULL AND p.disabled_at IS NULL
      ORDER BY 'owner' = ANY (m.roles) DESC, m.person_id LIMIT ${most}::int`;
    return rows.map(people.row);
  },

  isActive: async (personId) => {
    const row = await orm.membership.findFirst({
      where: { tenant_id: tenantId, person_id: personId, disabled_at: null, person: { disabled_at: null } },
      select: { person_id: true },
    });
    return row !== null;
  },

  names: async (personIds) => {
    const rows = await sql.rows<{ roles: string[] }>('join')`
      SELECT ${people.list('p')}, m.roles FROM membership m JOIN person p ON p.id = m.person_id
      WHERE m.tenant_id = ${tenantId}::uuid AND m.person_id = ANY (${[...personIds]}::uuid[])`;
    return new Map(
      rows.map((row) => {
        const { id, name, email } = people.row(row);
        return [id, { name, email, roles: row.roles }];
      }),
    );
  },

  setRoles: async (personId, roles, seal) => {
    await orm.membership.update({
      where: { tenant_id_person_id: { tenant_id: tenantId, person_id: personId } },
      data: { roles: [...roles], ...storedSeal(seal) },
    });
  },

  setActive: async (personId, active, seal) => {
    await orm.membership.update({
      where: { tenant_id_person_id: { tenant_id: tenantId, person_id: personId } },
      data: { disabled_at: active ? null : now, ...storedSeal(seal) },
      select: { person_id: true },
    });
    if (!active) await sql.row('function')`SELECT sluice_end_sessions(${personId}::uuid)`;
  },
});
