import { SESSION, type SessionStore } from '../operations/stores/sessions.js';
import type { session } from '../prisma/generated/client.js';
import type { Tx } from './transaction/open.js';
import type { Scope } from './transaction/scope.js';
import { tableOf } from './transaction/table.js';

const sessions = tableOf<session>()(SESSION);

/**
 * Sessions, each bound to one workspace. The table has no row-level security, so every statement names the tenant itself, but for what
 * ends a person's sessions everywhere.
 */
export const sessionStore = ({ orm }: Tx, { tenantId, now }: Scope): SessionStore => ({
  insert: async ({ tokenHash, ...row }) => {
    await orm.session.create({ data: { tenant_id: tenantId, token_hash: Uint8Array.from(tokenHash), ...sessions.stored(row) } });
  },

  get: async (sessionId) => {
    const row = await orm.session.findFirst({ where: { tenant_id: tenantId, id: sessionId } });
    return row && sessions.row(row);
  },

  end: async (sessionId, personId) => {
    const { count } = await orm.session.updateMany({
      where: { tenant_id: tenantId, id: sessionId, person_id: personId, ended_at: null },
      data: { ended_at: now },
    });
    return count === 1;
  },

  endOthers: async (personId, kept) => {
    const { count } = await orm.session.updateMany({
      where: { person_id: personId, id: { not: kept }, ended_at: null, expires_at: { gt: now } },
      data: { ended_at: now },
    });
    return count;
  },
});
