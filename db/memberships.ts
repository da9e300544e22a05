import type { Role } from '../domain/actors.js';
import { type MembershipStore, PERSON_NAME } from '../operations/stores/memberships.js';
import { Prisma, type person } from '../prisma/generated/client.js';
import type { Tx } from './transaction/open.js';
import { pageOf } from './transaction/page.js';
import type { Scope } from './transaction/scope.js';
import { tableOf } from './transaction/table.js';

const people = tableOf<person>()(PERSON_NAME);

/** Members of one tenant. People belong to no tenant, so every read of them goes through a membership. */
export const membershipStore = ({ orm, sql }: Tx, { tenantId }: Scope): MembershipStore => ({
  list: async ({ limit, after, email }) => {
    const rows = await sql.rows<{ role: Role; active: boolean }>('join')`
      SELECT ${people.list('p')}, m.role, (m.disabled_at IS NULL AND p.disabled_at IS NULL) AS active FROM membership m JOIN person p ON p.id = m.person_id
      WHERE m.tenant_id = ${tenantId}::uuid
      ${after === undefined ? Prisma.empty : Prisma.sql`AND m.person_id < ${after}::uuid`}
      ${email === undefined ? Prisma.empty : Prisma.sql`AND p.email = ${email}`}
      ORDER BY m.person_id DESC LIMIT ${limit + 1}`;
    return pageOf(rows, limit, (row) => ({ ...people.row(row), role: row.role, active: row.active }));
  },

  roleOf: async (personId) => {
    const row = await orm.membership.findFirst({
      where: { tenant_id: tenantId, person_id: personId, disabled_at: null, person: { disabled_at: null } },
      select: { role: true },
    });
    return row && (row.role as Role);
  },

  memberRoleOf: async (personId) => {
    const row = await orm.membership.findFirst({ where: { tenant_id: tenantId, person_id: personId, disabled_at: null }, select: { role: true } });
    return row && (row.role as Role);
  },

  names: async (personIds) => {
    const rows = await sql.rows<{ role: Role }>('join')`
      SELECT ${people.list('p')}, m.role FROM membership m JOIN person p ON p.id = m.person_id
      WHERE m.tenant_id = ${tenantId}::uuid AND m.person_id = ANY (${[...personIds]}::uuid[])`;
    return new Map(
      rows.map((row) => {
        const { id, name, email } = people.row(row);
        return [id, { name, email, role: row.role }];
      }),
    );
  },
});
