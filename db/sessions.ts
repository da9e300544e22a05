import type { SessionStore } from '../operations/stores/sessions.js';
import type { Tx } from './transaction/open.js';
import type { Scope } from './transaction/scope.js';

/** Sessions, each bound to one workspace. The table is global, so every statement names the tenant itself. */
export const sessionStore = (tx: Tx, { tenantId, now }: Scope): SessionStore => ({
  insert: async (row) => {
    await tx.orm.session.create({
      data: { id: row.id, token_hash: Uint8Array.from(row.tokenHash), person_id: row.personId, tenant_id: tenantId, expires_at: row.expiresAt },
    });
  },

  get: async (sessionId) => {
    const row = await tx.orm.session.findFirst({ where: { id: sessionId, tenant_id: tenantId } });
    return row ? { personId: row.person_id, expiresAt: row.expires_at, endedAt: row.ended_at } : null;
  },

  end: async (sessionId, personId) => {
    const { count } = await tx.orm.session.updateMany({
      where: { id: sessionId, person_id: personId, tenant_id: tenantId, ended_at: null },
      data: { ended_at: now },
    });
    return count === 1;
  },
});
