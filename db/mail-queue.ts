import type { Sql } from './transaction/sql.js';

interface StoredLetter {
  id: string;
  template: string;
  sealed: Uint8Array;
  request_id: string;
  attempts: number;
  created_at: Date;
  expired: boolean;
}

/** The letters that wait, as the relay reaches them: through functions of the database alone (R18). */
export const mailQueue = (sql: Sql) => ({
  /** Claims up to `most` letters that are due: they are due again after `leaseMs` unless they are sent first. */
  claim: async (most: number, leaseMs: number) => {
    const rows = await sql.rows<StoredLetter>('function')`
      SELECT * FROM sluice_claim_mail(${most}::int, ${leaseMs}::int * interval '1 millisecond')`;
    return rows.map((row) => ({
      id: row.id,
      template: row.template,
      sealed: row.sealed,
      requestId: row.request_id,
      attempts: row.attempts,
      createdAt: row.created_at,
      expired: row.expired,
    }));
  },
  sent: async (id: string) => {
    await sql.run('function')`SELECT sluice_mail_sent(${id}::uuid)`;
  },
  /** Notes that it was not sent. Nothing changes when another process has claimed it since: `attempts` is that of the own claim. */
  notSent: async ({ id, attempts }: { id: string; attempts: number }, problem: string, againMs: number, fate: 'again' | 'dead') => {
    await sql.run('function')`
      SELECT sluice_mail_not_sent(${id}::uuid, ${attempts}::int, ${problem}, ${againMs}::int * interval '1 millisecond', ${fate === 'dead'})`;
  },
  backlog: async () => {
    const row = await sql.row<{ waiting: bigint; dead: bigint; oldest_seconds: number }>('function')`SELECT * FROM sluice_mail_backlog()`;
    return { waiting: Number(row?.waiting ?? 0), dead: Number(row?.dead ?? 0), oldestSeconds: row?.oldest_seconds ?? 0 };
  },
  /** Deletes up to `most` letters that were given up long ago. The function knows how long that is. */
  forget: async (most: number) => {
    const row = await sql.row<{ gone: bigint }>('function')`SELECT sluice_forget_mail(${most}::int) AS gone`;
    return Number(row?.gone ?? 0);
  },
});
