import { SESSION, type SessionStore } from '../operations/stores/sessions.js';
import type { session } from '../prisma/generated/client.js';
import type { Tx } from './transaction/open.js';
import { pageOf } from './transaction/page.js';
import type { Scope } from './transaction/scope.js';
import { tableOf } from './transaction/table.js';

const sessions = tableOf<session>()(SESSION);
/** All but the hash of its token, which no process may read. */
const SHOWN = {
  id: true,
  person_id: true,
  tenant_id: true,
  created_at: true,
  expires_at: true,
  device: true,
  network: true,
  last_used_at: true,
  with_factor: true,
} as const;

/** Sessions of the person who acts. Row-level security shows nobody those of others (ADR 0064). */
export const sessionStore = ({ orm }: Tx, { tenantId, now }: Scope): SessionStore => {
  const open = { ended_at: null, expires_at: { gt: now } };
  const endAll = async (which: { id?: { not: string } }): Promise<string[]> => {
    const ended = await orm.session.updateManyAndReturn({ where: { ...open, ...which }, data: { ended_at: now }, select: { id: true } });
    return ended.map(({ id }) => id);
  };
  return {
    insert: async ({ tokenHash, ...row }) => {
      await orm.session.create({ data: { tenant_id: tenantId, token_hash: Uint8Array.from(tokenHash), ...sessions.stored(row) }, select: SHOWN });
    },

    get: async (sessionId) => {
      const row = await orm.session.findFirst({ where: { id: sessionId }, select: SHOWN });
      return row && sessions.row(row);
    },

    list: async ({ limit, after }) => {
      const rows = await orm.session.findMany({
        where: { ...open, ...(after ? { id: { lt: after } } : {}) },
        orderBy: { id: 'desc' },
        take: limit + 1,
        select: SHOWN,
      });
      return pageOf(rows, limit, sessions.row);
    },

    end: async (sessionId) => {
      const { count } = await orm.session.updateMany({ where: { id: sessionId, ended_at: null }, data: { ended_at: now } });
      return count === 1;
    },

    endOthers: (sessionId) => endAll({ id: { not: sessionId } }),
    endAll: () => endAll({}),
  };
};
