import { SESSION, type SessionStore } from '../operations/stores/sessions.js';
import type { session } from '../prisma/generated/client.js';
import type { Tx } from './transaction/open.js';
import type { Scope } from './transaction/scope.js';
import { tableOf } from './transaction/table.js';

const sessions = tableOf<session>()(SESSION);
/** The hash of its token is read by no process. */
const SHOWN = { id: true, person_id: true, expires_at: true } as const;

/** Sessions, each bound to one workspace. The table shows each person their own (ADR 0064). */
export const sessionStore = ({ orm }: Tx, { tenantId, now }: Scope): SessionStore => ({
  insert: async ({ tokenHash, ...row }) => {
    await orm.session.create({ data: { tenant_id: tenantId, token_hash: Uint8Array.from(tokenHash), ...sessions.stored(row) }, select: SHOWN });
  },

  get: async (sessionId) => {
    const row = await orm.session.findFirst({ where: { tenant_id: tenantId, id: sessionId }, select: SHOWN });
    return row && sessions.row(row);
  },

  end: async (sessionId, personId) => {
    const { count } = await orm.session.updateMany({
      where: { tenant_id: tenantId, id: sessionId, person_id: personId, ended_at: null },
      data: { ended_at: now },
    });
    return count === 1;
  },
});
