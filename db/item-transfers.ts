import { uuidv7 } from 'uuidv7';
import type { AccountKind, Posting } from '../domain/ledger/postings.js';
import { Prisma } from '../prisma/generated/client.js';
import { arrayText } from './chunk-rows.js';
import type { Tx } from './transaction/open.js';
import type { Scope } from './transaction/scope.js';

export interface ItemPosting extends Posting {
  ordinal: number;
  itemVersion: number;
  /** Minor units. */
  amount: bigint;
}

interface Cause {
  batchId: string;
  eventId: string;
  currency: string;
  fundingAccountId: string;
}

interface AccountSql {
  id: string;
  kind: AccountKind;
  balance: bigint;
}

/**
 * Posts the transfers of one chunk's transitions in one statement (R16). Evidence always posts: where the debited
 * account lacks the money, a cover from suspense goes into the same statement. Returns the sum that was covered.
 */
export const postItemTransfers = async (tx: Tx, scope: Scope, cause: Cause, owed: readonly ItemPosting[]): Promise<{ covered: bigint }> => {
  const net = netByKind(owed);
  const accounts = await accountsOf(tx, scope, cause, [...net.keys()]);
  const covers = shortfalls(net, accounts);

  const rows: PostedRow[] = [
    ...owed,
    ...covers.map(
      ({ kind, amount }): PostedRow => ({ kind: 'cover', debit: 'suspense', credit: kind, ordinal: 'NULL', itemVersion: 'NULL', amount }),
    ),
  ];
  const idOf = (kind: AccountKind): string => accounts.get(kind)?.id ?? missing(kind);
  const { postings, postingOf } = distinct(rows);
  // The low 32 bits of these UUIDv7 are the row's number: the library draws them at random, and counts in the bits above.
  await tx.sql.run('set')`
    INSERT INTO transfer (tenant_id, id, debit_account_id, credit_account_id, amount, currency, kind, batch_id, ordinal, item_version, event_id)
    SELECT ${scope.tenantId}::uuid, (left(${uuidv7()}::text, 28) || lpad(to_hex(t.number), 8, '0'))::uuid, p.debits[t.posting], p.credits[t.posting],
      t.amount, ${cause.currency}, p.kinds[t.posting], ${cause.batchId}::uuid, t.ordinal, t.item_version, ${cause.eventId}::uuid
    FROM (SELECT ${postings.map((one) => idOf(one.debit))}::uuid[] AS debits, ${postings.map((one) => idOf(one.credit))}::uuid[] AS credits,
        ${postings.map((one) => one.kind)}::text[] AS kinds) p,
      unnest(${arrayText(postingOf)}::int[], ${arrayText(rows.map((row) => row.amount))}::bigint[], ${arrayText(rows.map((row) => row.ordinal))}::int[],
        ${arrayText(rows.map((row) => row.itemVersion))}::int[]) WITH ORDINALITY AS t(posting, amount, ordinal, item_version, number)`;
  return { covered: covers.reduce((sum, cover) => sum + cover.amount, 0n) };
};

/** A posting of an item, or of none. */
interface PostedRow extends Posting {
  ordinal: number | 'NULL';
  itemVersion: number | 'NULL';
  amount: bigint;
}

/** The few kinds of posting that occur, and which of them (from 1) each row is. */
const distinct = (rows: readonly PostedRow[]): { postings: Posting[]; postingOf: number[] } => {
  const postings: Posting[] = [];
  const postingOf = rows.map(({ kind, debit, credit }) => {
    const known = postings.findIndex((one) => one.kind === kind && one.debit === debit && one.credit === credit);
    return known < 0 ? postings.push({ kind, debit, credit }) : known + 1;
  });
  return { postings, postingOf };
};

/** Credits − debits of each kind of account. */
const netByKind = (owed: readonly ItemPosting[]): Map<AccountKind, bigint> => {
  const net = new Map<AccountKind, bigint>();
  for (const { debit, credit, amount } of owed) {
    net.set(debit, (net.get(debit) ?? 0n) - amount);
    net.set(credit, (net.get(credit) ?? 0n) + amount);
  }
  return net;
};

/** What discretionary movements may have taken meanwhile: a funding account or the returns that people paid out of. */
const COVERED: readonly AccountKind[] = ['funding', 'returns'];

const shortfalls = (net: ReadonlyMap<AccountKind, bigint>, accounts: ReadonlyMap<AccountKind, AccountSql>): { kind: AccountKind; amount: bigint }[] =>
  COVERED.flatMap((kind) => {
    const after = (accounts.get(kind)?.balance ?? 0n) + (net.get(kind) ?? 0n);
    return net.has(kind) && after < 0n ? [{ kind, amount: -after }] : [];
  });

/**
 * The batch's funding account, and the workspace's own account of every other kind. Locked where a balance decides
 * whether money has to be covered.
 */
const accountsOf = async (tx: Tx, scope: Scope, cause: Cause, kinds: readonly AccountKind[]): Promise<Map<AccountKind, AccountSql>> => {
  const where = Prisma.sql`tenant_id = ${scope.tenantId}::uuid AND currency = ${cause.currency} AND kind = ANY(${[...kinds, 'suspense']}::text[])
    AND (kind <> 'funding' OR id = ${cause.fundingAccountId}::uuid) AND (kind = 'funding' OR name = kind)`;
  const lock = COVERED.some((kind) => kinds.includes(kind)) ? Prisma.sql`FOR NO KEY UPDATE` : Prisma.empty;
  const rows = await tx.sql.rows<AccountSql>('set')`SELECT id, kind, balance FROM account WHERE ${where} ORDER BY id ${lock}`;
  return new Map(rows.map((row) => [row.kind, row]));
};

const missing = (kind: AccountKind): never => {
  throw new Error(`the ledger has no ${kind} account of this currency`);
};
