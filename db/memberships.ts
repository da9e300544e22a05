import type { Role } from '../domain/actors.js';
import type { MembershipStore } from '../operations/stores/memberships.js';
import type { Tx } from './transaction/open.js';
import type { Scope } from './transaction/scope.js';

/** Who belongs to the workspace. People are global; only members of this workspace are named. */
export const membershipStore = (tx: Tx, { tenantId }: Scope): MembershipStore => ({
  roleOf: async (personId) => {
    const row = await tx.orm.membership.findFirst({
      where: { tenant_id: tenantId, person_id: personId, disabled_at: null, person: { disabled_at: null } },
      select: { role: true },
    });
    return row ? (row.role as Role) : null;
  },

  names: async (personIds) => {
    const rows = await tx.sql.rows<{ id: string; name: string; email: string }>('set')`
      SELECT p.id, p.name, p.email FROM membership m JOIN person p ON p.id = m.person_id
      WHERE m.tenant_id = ${tenantId}::uuid AND m.person_id = ANY (${[...personIds]}::uuid[])`;
    return new Map(rows.map(({ id, name, email }) => [id, { name, email }]));
  },
});
