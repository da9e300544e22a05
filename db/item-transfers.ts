import { uuidv7 } from 'uuidv7';
import type { AccountKind, Posting } from '../domain/item/postings.js';
import { Prisma } from '../prisma/generated/client.js';
import type { Tx } from './client.js';
import type { Scope } from './tenant.js';

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

  const rows = [
    ...owed,
    ...covers.map(({ kind, amount }) => ({ kind: 'cover', debit: 'suspense' as const, credit: kind, ordinal: null, itemVersion: null, amount })),
  ];
  const idOf = (kind: AccountKind): string => accounts.get(kind)?.id ?? missing(kind);
  await tx.$executeRaw`
    INSERT INTO transfer (tenant_id, id, debit_account_id, credit_account_id, amount, currency, kind, batch_id, ordinal, item_version, event_id)
    SELECT ${scope.tenantId}::uuid, t.id, t.debit, t.credit, t.amount, ${cause.currency}, t.kind, ${cause.batchId}::uuid, t.ordinal, t.item_version, ${cause.eventId}::uuid
    FROM unnest(${rows.map(() => uuidv7())}::uuid[], ${rows.map((row) => idOf(row.debit))}::uuid[], ${rows.map((row) => idOf(row.credit))}::uuid[],
      ${rows.map((row) => row.amount)}::bigint[], ${rows.map((row) => row.kind)}::text[], ${rows.map((row) => row.ordinal)}::int[],
      ${rows.map((row) => row.itemVersion)}::int[]) AS t(id, debit, credit, amount, kind, ordinal, item_version)`;
  return { covered: covers.reduce((sum, cover) => sum + cover.amount, 0n) };
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
  const rows = await tx.$queryRaw<AccountSql[]>`SELECT id, kind, balance FROM account WHERE ${where} ORDER BY id ${lock}`;
  return new Map(rows.map((row) => [row.kind, row]));
};

const missing = (kind: AccountKind): never => {
  throw new Error(`the ledger has no ${kind} account of this currency`);
};
