import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { type Client, createClient } from '../../client/client.js';
import { exportLines } from '../../client/stream.js';
import type { ResponseOf } from '../../client/types.js';
import { verifyAudit } from '../../client/verify/audit.js';
import { fromWireId } from '../../domain/ids.js';
import { formatMoney } from '../../domain/money.js';
import type { StackState } from '../data-folder/state.js';

export interface Outcome {
  what: string;
  found: string;
  /** Null for a line that is not checked. */
  ok: boolean | null;
}

const WAIT_MAX_MS = 15_000;

/**
 * Checks the books after a batch: ours, the provider's and the audit log. Waits up to 15 s for what comes after its end: payments
 * that return after they were settled, and events that are not sequenced yet.
 */
export const checkBooks = async (stack: StackState, batchId: string): Promise<Outcome[]> => {
  const client = createClient({ baseUrl: stack.api_url, token: stack.api_key });
  const { batch, books, payments } = await eventually(async () => {
    const [batch, books, payments] = await Promise.all([
      client.show_payout_batch({ batch_id: batchId }),
      providerBooks(stack),
      providerPayments(stack, batchId),
    ]);
    return { value: { batch, books, payments }, complete: books.webhooks_pending === 0 && payments.paid === batch.counts.paid };
  });
  const audit = await eventually(async () => {
    const checkpoint = await client.show_checkpoint({});
    return { value: checkpoint, complete: checkpoint.unsealed === 0 && checkpoint.published_at !== null };
  });
  const report = await verifyAudit(exportLines(client.transport), { verifierKey: audit.verifier_key, checkpoints: [audit.note] });
  const accounts = await allAccounts(client);
  const sum = accounts.reduce((total, account) => total + BigInt(account.balance), 0n);
  const held = await heldBy(client, batchId, accounts);
  const { paid, failed, returned, unknown, open, was_unknown } = batch.counts;
  const money = (amount: bigint): string => formatMoney(amount, batch.currency);
  const without = await sentWithoutSecondFactor(stack);
  return [
    { what: 'batch', found: `${batch.state}, ${batch.outcome ?? 'no outcome'}`, ok: batch.state === 'completed' },
    { what: 'paid', found: String(paid), ok: paid === payments.paid && paid > 0 },
    { what: 'failed', found: String(failed), ok: null },
    { what: 'returned', found: String(returned), ok: returned === payments.returned },
    { what: 'were unknown and resolved', found: String(was_unknown), ok: unknown === 0 },
    {
      what: 'every item at its end',
      found: `${paid + failed + returned} of ${batch.item_count}`,
      ok: open === 0 && paid + failed + returned === batch.item_count,
    },
    {
      what: 'total',
      found: `${money(BigInt(batch.total))}, of it paid ${money(BigInt(batch.paid_total))}`,
      ok: BigInt(batch.paid_total) === payments.paidAmount,
    },
    { what: 'hold released', found: `${money(held)} held`, ok: held === 0n },
    { what: 'ledger balanced', found: `accounts add up to ${money(sum)}`, ok: sum === 0n },
    { what: 'audit log verified', found: `${report.sealed} events, not yet sequenced ${audit.unsealed}`, ok: report.ok && audit.unsealed === 0 },
    { what: 'duplicates at the provider', found: String(books.duplicates), ok: books.duplicates === 0 },
    { what: 'sent without second factor', found: without, ok: without === '0' },
  ];
};

const eventually = async <T>(look: () => Promise<{ value: T; complete: boolean }>): Promise<T> => {
  const until = Date.now() + WAIT_MAX_MS;
  for (;;) {
    const { value, complete } = await look();
    if (complete || Date.now() > until) return value;
    await sleep(200);
  }
};

const allAccounts = async (client: Client): Promise<ResponseOf<'list_accounts'>['data']> => {
  const accounts: ResponseOf<'list_accounts'>['data'] = [];
  for (let after: string | undefined; ; ) {
    const page = await client.list_accounts({ limit: 200, ...(after ? { starting_after: after } : {}) });
    accounts.push(...page.data);
    if (!page.has_more || !page.next_cursor) return accounts;
    after = page.next_cursor;
  }
};

/** What the transfers of a batch leave in the held accounts, minor units. It is 0 once the batch has ended. */
const heldBy = async (client: Client, batchId: string, accounts: ResponseOf<'list_accounts'>['data']): Promise<bigint> => {
  const heldIds = new Set(accounts.filter(({ kind }) => kind === 'held').map(({ id }) => id));
  let held = 0n;
  for (let after: string | undefined; ; ) {
    const page = await client.list_transfers({ batch_id: batchId, limit: 200, ...(after ? { starting_after: after } : {}) });
    for (const transfer of page.data) {
      if (heldIds.has(transfer.credit_account_id)) held += BigInt(transfer.amount);
      if (heldIds.has(transfer.debit_account_id)) held -= BigInt(transfer.amount);
    }
    if (!page.has_more || !page.next_cursor) return held;
    after = page.next_cursor;
  }
};

const sentWithoutSecondFactor = async (stack: StackState): Promise<string> => {
  const text = await (await fetch(stack.api_metrics_url)).text();
  return /^sluice_released_without_second_factor_total(?:\{[^}]*\})? (\S+)$/m.exec(text)?.[1] ?? 'not measured';
};

/** Whether every check passed. */
export const allHeld = (outcomes: readonly Outcome[]): boolean => outcomes.every(({ ok }) => ok !== false);

const books = z.object({ count: z.number(), duplicates: z.number(), webhooks_pending: z.number() });
const payment = z.object({ idempotency_key: z.string(), status: z.string(), amount: z.number() }).loose();
const page = z.object({ data: z.array(payment), next: z.number().nullable() });

const ask = async (stack: StackState, path: string): Promise<unknown> => {
  const answer = await fetch(`${stack.provider_url}${path}`, { headers: { authorization: `Bearer ${stack.provider_api_key}` } });
  if (!answer.ok) throw new Error(`the provider answered ${answer.status} to ${path}`);
  return answer.json();
};

/** The provider's own books, which ours are compared with. */
const providerBooks = async (stack: StackState): Promise<z.infer<typeof books>> => books.parse(await ask(stack, '/books'));

/** The provider's payments of one batch, found by our keys. */
const providerPayments = async (stack: StackState, batchId: string): Promise<{ paid: number; returned: number; paidAmount: bigint }> => {
  const prefix = `item_${(fromWireId('batch', batchId) ?? '').replaceAll('-', '')}`;
  const found = { paid: 0, returned: 0, paidAmount: 0n };
  for (let after: number | null = -1; after !== null; ) {
    const answer: z.infer<typeof page> = page.parse(await ask(stack, `/books/payments?after=${after}&limit=1000`));
    for (const { idempotency_key, status, amount } of answer.data) {
      if (!idempotency_key.startsWith(prefix)) continue;
      if (status === 'returned') found.returned++;
      if (status !== 'paid') continue;
      found.paid++;
      found.paidAmount += BigInt(amount);
    }
    after = answer.next;
  }
  return found;
};
