import type { z } from 'zod';
import type { createAccount as contract } from '../../contracts/ledger.js';
import { toHex } from '../../domain/hashing.js';
import { type FieldError, type Result, wrongInput } from '../../domain/result.js';
import { type Context, refusedAndAudited } from '../context.js';
import { answer } from '../idempotency/answer.js';
import { toWireAccount, type WireAccount } from './wire.js';

const TAKEN: FieldError = { field: 'name', reason: 'name_taken', message: 'another funding account in this currency has this name' };

/**
 * Makes a funding account with a balance of zero. A batch is paid from it when it names it; the default of its currency stays the first.
 * Refuses with `invalid_request`: a field is wrong, or the name is taken in this currency.
 */
export const createAccount = (ctx: Context, { name, currency }: z.output<typeof contract>): Promise<Result<WireAccount>> =>
  ctx.inTenant(async (stores) => {
    const refused = (errors: FieldError[]) =>
      refusedAndAudited(
        stores,
        { subject: { type: 'workspace', id: ctx.tenantId }, action: 'account.create', detail: { kind: 'funding', currency } },
        wrongInput(errors),
      );
    const made = await stores.accounts.insertFunding(name, currency);
    if (!made) return refused([TAKEN]);
    await stores.audit.append({
      subject: { type: 'account', id: made.id },
      action: 'account.create',
      result: 'ok',
      detail: { kind: made.kind, currency, name_sha256: toHex(ctx.services.sha256(new TextEncoder().encode(name))) },
    });
    return answer(toWireAccount(made));
  });
