import { uuidv7 } from 'uuidv7';
import type { LinkPurpose } from '../domain/email-link.js';
import type { EmailLinkQueue, EmailLinkStore, FoundLink } from '../operations/stores/email-links.js';
import { addPersonEvent } from './person-events.js';
import type { Database, Tx } from './transaction/open.js';
import type { Scope } from './transaction/scope.js';
import type { Sql } from './transaction/sql.js';

/** So many letters are written in one transaction. */
const AT_ONCE = 16;

interface Asked {
  id: string;
  personId: string;
  purpose: LinkPurpose;
  requestId: string;
  name: string | null;
  email: string | null;
}

const ask = async (sql: Sql, id: string, personId: string, purpose: LinkPurpose, requestId: string): Promise<void> => {
  await sql.run('function')`SELECT sluice_ask_email_link(${id}::uuid, ${personId}::uuid, ${purpose}, ${requestId})`;
};

const issue = async (sql: Sql, id: string, hash: Uint8Array): Promise<boolean> => {
  const row = await sql.row<{ issued: boolean }>('function')`SELECT sluice_issue_email_link(${id}::uuid, ${hash}::bytea) AS issued`;
  return row?.issued ?? false;
};

/** Links of people, who belong to no tenant. No process reaches their table but by functions (migration 0029). */
export const emailLinkStore = ({ sql }: Tx, { actor, requestId }: Scope): EmailLinkStore => ({
  issue: async ({ id, purpose, hash }) => {
    if (actor.type !== 'user') throw new Error('a link is made of the person who acts');
    await ask(sql, id, actor.personId, purpose, requestId);
    return issue(sql, id, hash);
  },

  use: async (hash, purpose) => {
    const row = await sql.row<{ used: boolean | null }>('function')`SELECT sluice_use_email_link(${hash}::bytea, ${purpose}) AS used`;
    return row?.used === true;
  },
});

export const emailLinkQueue = (database: Database): EmailLinkQueue => ({
  ask: ({ id, personId, purpose, requestId }) => ask(database.sql, id, personId, purpose, requestId),

  find: (hash, purpose) =>
    database.sql.row<FoundLink>('function')`
      SELECT id, person_id AS "personId", name, email, password_version AS "passwordVersion" FROM sluice_email_link_of(${hash}::bytea, ${purpose})`,

  issue: (make) =>
    database.transaction(async ({ sql }) => {
      const rows = await sql.rows<Asked>('function')`
        SELECT id, person_id AS "personId", purpose, request_id AS "requestId", name, email FROM sluice_asked_email_links(${AT_ONCE}::int)`;
      // In one order, so that two processes wait for each other instead of deadlocking.
      const inOrder = [...rows].sort((a, b) => (a.personId < b.personId ? -1 : 1));
      for (const { id, personId, purpose, requestId, name, email } of inOrder) {
        const { hash, letter } = make({ id, purpose, requestId, to: { name: name ?? '', email: email ?? '' } });
        // The function knows whether anything is to be sent, and to nobody nothing is.
        if (!(await issue(sql, id, hash)) || email === null) continue;
        await sql.run('function')`
          SELECT sluice_write_mail(${letter.id}::uuid, ${letter.template}, ${letter.sealed}::bytea, ${requestId}, ${letter.hours}::int * interval '1 hour')`;
        const event = { personId, action: `${purpose}.ask`, result: 'ok', detail: {} };
        await addPersonEvent(sql, { ...event, id: uuidv7(), actor: { type: 'system', process: 'api' }, requestId, writtenIn: null });
      }
      return rows.length;
    }),
});
