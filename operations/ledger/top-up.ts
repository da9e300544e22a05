import type { z } from 'zod';
import type { topUp as contract } from '../../contracts/ledger.js';
import { AMOUNT_MAX } from '../../domain/money.js';
import { type Refusal, type Result, refuse, wrongInput } from '../../domain/result.js';
import { type Context, refusedAndAudited } from '../context.js';
import { answer } from '../idempotency/answer.js';
import { frozenRefusal } from '../workspace/frozen.js';
import { toWireAccount, type WireAccount } from './wire.js';

/**
 * Puts sandbox money, in minor units, into a funding account: external → funding. Test workspaces only, refused with
 * `not_on_live`, or with `workspace_frozen`; an account that is absent, foreign or no funding account is `not_found`.
 */
export const topUp = (ctx: Context, input: { account_id: string } & z.output<typeof contract>): Promise<Result<WireAccount>> =>
  ctx.inTenant(async (stores) => {
    const amount = BigInt(input.amount);
    const refused = (refusal: Refusal) =>
      refusedAndAudited(
        stores,
        {
          subject: { type: 'workspace', id: ctx.tenantId },
          action: 'ledger.top_up',
          detail: { account_id: input.account_id, amount: amount.toString() },
        },
        refusal,
      );
    if (ctx.mode !== 'test')
      return refused(refuse('not_on_live', 'Fund a live account by a transfer to it; top-ups make sandbox money only.').refusal);
    // A freeze waits for this transaction, or this one sees it (R1).
    const frozen = frozenRefusal(await stores.workspaces.lockShared());
    if (frozen) return refused(frozen);
    const found = await stores.accounts.get(input.account_id);
    if (found?.kind !== 'funding') return refused(refuse('not_found', 'There is no such funding account in this workspace.').refusal);

    const { currency } = found;
    const { id: externalId } = await stores.accounts.ensure('external', currency);
    const locked = await stores.accounts.lock([found.id, externalId]);
    const [funding, external] = [locked.find(({ id }) => id === found.id), locked.find(({ id }) => id === externalId)];
    if (!funding || !external) throw new Error('an account that a top-up moves money between is absent');
    if (funding.balance + amount > AMOUNT_MAX || external.balance - amount < -AMOUNT_MAX)
      return refused(wrongInput([{ field: 'amount', reason: 'balance_too_large', message: 'the balance would exceed 2^53-1 minor units' }]));
    const eventId = stores.audit.newId();
    await stores.transfers.topUp({ eventId, debitAccountId: external.id, creditAccountId: funding.id, amount, currency });
    await stores.audit.append({
      id: eventId,
      subject: { type: 'account', id: funding.id },
      action: 'ledger.top_up',
      result: 'ok',
      detail: { amount: amount.toString(), currency },
    });
    return answer(toWireAccount({ ...funding, balance: funding.balance + amount }));
  });
