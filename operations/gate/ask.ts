import type { z } from 'zod';
import type { askChallenge as askContract, challenge } from '../../contracts/gates.js';
import { CHALLENGE_MS, type Gate } from '../../domain/gate.js';
import { canonicalBytes, toHex } from '../../domain/hashing.js';
import { toWireId } from '../../domain/ids.js';
import { maskName } from '../../domain/mask-name.js';
import type { Refusal, Result } from '../../domain/result.js';
import { refuseUnreceived } from '../batch-state/refuse.js';
import { type Context, refusedAndAudited } from '../context.js';
import { nameDoneBy } from '../done-by.js';
import { answer } from '../idempotency/answer.js';
import { requestOptions } from '../passkey/options.js';
import { changesOf } from '../payee/changes.js';
import { paidTo } from '../payee/paid-to.js';
import type { Stores } from '../ports.js';
import type { FactorRow } from '../stores/factors.js';
import { type FactsRow, SEALING } from '../stores/facts.js';
import { type GateFacts, lockForGate, refusalOfFunds, standingRefusal } from './open.js';
import { decidingPasskeys } from './prove.js';
import { challengeHashOf } from './verify.js';

export type Challenge = z.infer<typeof challenge>;

const LARGEST_SHOWN = 10;

/**
 * Shows a person what a gate would let pass, and gives them a challenge for it: bound to person, gate, content version and digest,
 * valid for five minutes (R11). Reads the stored digest and hashes no item. Refuses a person whom the gate would refuse, so that
 * nobody types a code in vain; that is also when the account lacks the money that authorize would reserve.
 */
export const askChallenge = (ctx: Context, input: { batch_id: string } & z.output<typeof askContract>): Promise<Result<Challenge>> =>
  ctx.inTenant(async (stores) => {
    const facts = await lockForGate(stores, input.batch_id);
    if (!facts) return refuseUnreceived(ctx, stores, 'gate.challenge', input.gate, input.batch_id);
    const { gate } = input;
    const about = { subject: { type: 'batch', id: input.batch_id }, action: 'gate.challenge' } as const;
    const refused = (refusal: Refusal) => refusedAndAudited(stores, { ...about, detail: { gate, state: facts.control.state } }, refusal);
    const refusal = standingRefusal(ctx, stores, gate, facts);
    if (refusal) return refused(refusal);
    if (ctx.actor.type !== 'user') throw new Error('the rules let an actor through that is no person');
    const passkeys = await decidingPasskeys(ctx, stores, ctx.actor.personId);
    if (!passkeys.ok) return refused(passkeys.refusal);
    // Read without a lock, because the gate looks again under one.
    const account = gate === 'authorize' ? await stores.accounts.get(facts.batch.fundingAccountId) : null;
    const lacking = account && refusalOfFunds(facts, account.balance);
    if (lacking) return refused(lacking);

    const bound = {
      id: ctx.services.entropy.newId(),
      batchId: input.batch_id,
      personId: ctx.actor.personId,
      gate,
      contentVersion: facts.content.contentVersion,
      digest: facts.content.digest,
      expiresAt: new Date(stores.now.getTime() + CHALLENGE_MS),
    };
    await stores.challenges.insert(bound);
    const seen = (await stores.facts.get(bound.batchId, bound.contentVersion)) ?? (await stores.facts.seal(bound.batchId, bound.contentVersion));
    const summary = await summaryOf(ctx, stores, gate, facts, seen);
    const signable = challengeHashOf(ctx, bound);
    await stores.audit.append({
      ...about,
      result: 'ok',
      detail: {
        gate,
        challenge_id: bound.id,
        challenge_sha256: toHex(signable),
        content_version: bound.contentVersion,
        digest: toHex(bound.digest),
        facts_sha256: toHex(ctx.services.sha256(canonicalBytes(withMaskedNames(summary.facts)))),
      },
    });
    return answer({
      object: 'challenge',
      id: toWireId('challenge', bound.id),
      batch_id: toWireId('batch', bound.batchId),
      gate,
      content_version: bound.contentVersion,
      digest: toHex(bound.digest),
      expires_at: bound.expiresAt.toISOString(),
      passkey: passkeyOptions(ctx, passkeys.value, signable),
      summary,
    });
  }, SEALING);

/** What the person's passkeys sign to open the gate; null when none of them would. */
const passkeyOptions = (ctx: Context, passkeys: readonly FactorRow[], signable: Uint8Array): Challenge['passkey'] => {
  const { relyingParty } = ctx.services.passkeys;
  if (!relyingParty || passkeys.length === 0) return null;
  return requestOptions(
    relyingParty,
    signable,
    passkeys.flatMap(({ credentialId }) => credentialId ?? []),
  );
};

const summaryOf = async (ctx: Context, stores: Stores, gate: Gate, { batch, content }: GateFacts, seen: FactsRow): Promise<Challenge['summary']> => {
  const account = await stores.accounts.get(batch.fundingAccountId);
  if (!account) throw new Error(`batch ${batch.id} has no funding account`);
  // At execute the hold has taken the money off the balance already.
  const after = gate === 'execute' ? account.balance : account.balance - content.total - batch.feeMaximum;
  return {
    item_count: content.count,
    excluded_count: content.size - content.count,
    total: Number(content.total),
    currency: batch.currency,
    rail: batch.rail,
    funding_account: {
      id: toWireId('account', account.id),
      name: account.name,
      balance: Number(account.balance),
      balance_after: Number(after),
    },
    largest: await largestPayments(ctx, stores, batch.id, LARGEST_SHOWN),
    new_payees: seen.newPayees,
    facts: await factsOf(ctx, stores, batch.id, seen),
  };
};

const factsOf = async (ctx: Context, stores: Stores, batchId: string, seen: FactsRow): Promise<Challenge['summary']['facts']> => {
  const { facts } = stores;
  const changed = await facts.changedDestinations(batchId, seen.shown.changed);
  const payees = await facts.changedPayees(batchId, seen.shown.payees ?? []);
  const changesIn = await changesOf(ctx, stores, payees);
  const held = await facts.heldPayees(batchId);
  const changers = [...changed, ...payees].map(({ changedBy }) => changedBy);
  const nameOf = await nameDoneBy(stores, [...changers, ...held.shown.map(({ heldBy }) => heldBy)]);
  return {
    sealed_at: seen.sealedAt.toISOString(),
    same_file: seen.sameFileBatchId === null ? null : { batch_id: toWireId('batch', seen.sameFileBatchId) },
    same_payments: await samePayments(stores, batchId, seen),
    repeated_within: {
      count: seen.repeatedWithin,
      shown: (await facts.repeatedItems(batchId, seen.shown.within ?? [])).map((one) => ({
        payee_reference: one.payeeReference,
        amount: Number(one.amount),
        reference: one.reference,
        times: one.times,
      })),
    },
    changed_destinations: {
      count: seen.changed,
      shown: changed.map((one) => ({
        payee_reference: one.payeeReference,
        from: one.from,
        to: one.to,
        changed_by: nameOf(one.changedBy),
        changed_at: one.changedAt.toISOString(),
      })),
    },
    changed_payees: {
      count: seen.changedPayees,
      shown: payees.map((one) => ({
        payee_reference: one.payeeReference,
        ...changesIn(one),
        changed_by: nameOf(one.changedBy),
        changed_at: one.changedAt.toISOString(),
      })),
    },
    held_payees: {
      count: held.count,
      payments: held.payments,
      amount: Number(held.amount),
      shown: held.shown.map((one) => ({
        payee_reference: one.payeeReference,
        held_at: one.heldAt.toISOString(),
        held_by: nameOf(one.heldBy),
        reason: one.reason,
      })),
    },
    foreign_accounts: {
      count: seen.foreignAccounts,
      shown: (await facts.foreignAccounts(batchId, seen.shown.foreign ?? [])).map((one) => ({
        payee_reference: one.payeeReference,
        country: one.payeeCountry,
        destination: one.to,
      })),
    },
    shared_accounts: {
      count: seen.sharedAccounts,
      shown: (await facts.sharedAccounts(batchId, seen.shown.shared ?? [])).map((one) => ({
        payee_reference: one.payeeReference,
        destination: one.to,
        other_payee_reference: one.otherReference,
      })),
    },
    unusual_amounts: {
      count: seen.unusual,
      shown: (await facts.unusualItems(batchId, seen.shown.unusual)).map((one) => ({
        payee_reference: one.payeeReference,
        amount: Number(one.amount),
        median: Number(one.median),
      })),
    },
    unusual_total: seen.usualTotal === null ? null : { median: Number(seen.usualTotal) },
    first_seen_payees: seen.firstSeenPayees,
  };
};

/** The log is for ever, and a hash of a name in clear would tell whoever guesses it: changed names are hashed by their first letters (R21). */
const withMaskedNames = (facts: Challenge['summary']['facts']): Challenge['summary']['facts'] => ({
  ...facts,
  changed_payees: {
    ...facts.changed_payees,
    shown: facts.changed_payees.shown.map(({ name, ...one }) => ({
      ...one,
      name: name && { from: maskName(name.from), to: maskName(name.to) },
    })),
  },
});

const samePayments = async (
  stores: Stores,
  batchId: string,
  { repeated, repeatedBatchId, shown }: FactsRow,
): Promise<Challenge['summary']['facts']['same_payments']> => {
  if (repeatedBatchId === null) return null;
  const same = await stores.facts.samePayments(batchId, shown.repeats ?? []);
  return {
    count: repeated,
    batch_id: toWireId('batch', repeatedBatchId),
    batches: (shown.earlier ?? []).map(([id, count]) => ({ batch_id: toWireId('batch', id), count })),
    shown: same.map(({ payeeReference, equals, ...one }) => ({
      ordinal: one.ordinal,
      payee_reference: payeeReference,
      amount: Number(one.amount),
      reference: one.reference,
      times: one.times,
      equals: { batch_id: toWireId('batch', equals.batchId), ordinal: equals.ordinal, state: equals.state },
    })),
  };
};

/** The payments with the largest amounts, destinations masked. */
const largestPayments = async (ctx: Context, stores: Stores, batchId: string, count: number): Promise<Challenge['summary']['largest']> => {
  const items = await stores.items.largest(batchId, count);
  const of = await paidTo(ctx, stores, items);
  return items.map((item) => {
    const { payee, destination, name } = of(item);
    return { payee_reference: payee.reference, payee_name: name, destination: destination.masked, amount: Number(item.amount) };
  });
};
