import type { z } from 'zod';
import type { propose as contract } from '../../contracts/exceptions.js';
import { DOUBT_KINDS, RESOLUTIONS } from '../../domain/exceptions.js';
import { toHex } from '../../domain/hashing.js';
import { toWireId } from '../../domain/ids.js';
import { PROPOSAL_ITEMS_MAX, type ProposedItem, proposalDigest, refusalToPropose } from '../../domain/proposal.js';
import { type FieldError, type Refusal, type Result, refuse, wrongInput } from '../../domain/result.js';
import { reasonHash } from '../batch-state/end-early.js';
import { type Context, refusedAndAudited } from '../context.js';
import { refuseAbsentException, resolvedRefusal, subjectOf } from '../exception/refuse.js';
import { type WireProposal, wireProposal } from '../exception/view.js';
import { answer } from '../idempotency/answer.js';
import type { Stores } from '../ports.js';
import { recoveryRefusal } from '../recovery/refuse.js';
import type { ExceptionRow } from '../stores/exceptions.js';
import { sharedReferences } from './shared-references.js';
import { tooEarly } from './too-early.js';

export type ProposeInput = { exception_id: string } & z.output<typeof contract>;

/**
 * Proposes how an exception ends, with a reason: of one about doubt for up to 10,000 of its items, of others as a whole. Choices
 * that move money or let a batch go on wait for a second person; the others are carried out at once. A refusal is audited.
 */
export const proposeResolution = (ctx: Context, input: ProposeInput): Promise<Result<WireProposal>> =>
  ctx.inTenant(async (stores) => {
    const exception = await stores.exceptions.lock(input.exception_id);
    if (!exception) return refuseAbsentException(ctx, stores, 'exception.propose', input.exception_id);
    const { choice } = input;
    const entry = { subject: subjectOf(ctx, exception), action: 'exception.propose' } as const;
    const detail = { exception_id: exception.id, kind: exception.kind, choice, reason_sha256: reasonHash(ctx, input.reason) };
    const refused = (refusal: Refusal) => refusedAndAudited(stores, { ...entry, detail }, refusal);

    const preparers = exception.batchId === null ? [] : await stores.batches.preparers(exception.batchId);
    const refusal =
      recoveryRefusal(ctx) ??
      refusalToPropose({ actor: ctx.actor, kind: exception.kind, choice, preparers }) ??
      (exception.resolvedAt ? resolvedRefusal() : null);
    if (refusal) return refused(refusal);
    if (ctx.actor.type !== 'user') throw new Error('the rules let an actor through that is no person');
    const items = await itemsOf(stores, exception, input);
    if (!items.ok) return refused(items.refusal);
    const early = choice === 'provider_never_got' ? await tooEarly(ctx, stores, exception, items.value) : null;
    if (early) return refused(early);

    const id = ctx.services.entropy.newId();
    const content = {
      ...{ id, tenantId: ctx.tenantId, exceptionId: exception.id, kind: exception.kind, batchId: exception.batchId },
      ...{ choice, reason: input.reason, proposedBy: ctx.actor.personId, items: items.value },
    };
    const row = {
      ...{ id, exceptionId: exception.id, batchId: exception.batchId, choice, reason: input.reason, proposedBy: ctx.actor.personId },
      state: RESOLUTIONS[choice].people === 1 ? ('confirmed' as const) : ('proposed' as const),
      digest: proposalDigest(ctx.services.sha256, content),
      itemCount: items.value.length,
      total: items.value.reduce((sum, { amount }) => sum + amount, 0n),
    };
    await stores.proposals.insert(row, items.value);
    const about = { proposal_id: id, digest: toHex(row.digest), count: row.itemCount, amount: row.total.toString() };
    await stores.audit.append({ ...entry, result: 'ok', detail: { ...detail, ...about } });
    return answer(await wireProposal(stores, { ...row, problem: null, createdAt: stores.now, endedAt: null }, null));
  });

/** The items that a proposal is about, with their amounts; none for an exception that is not about doubt. */
const itemsOf = async (stores: Stores, exception: ExceptionRow, input: ProposeInput): Promise<Result<ProposedItem[]>> => {
  const { batchId } = exception;
  if (!DOUBT_KINDS.includes(exception.kind) || batchId === null) {
    const errors = input.items ? [{ field: 'items', reason: 'not_here', message: 'leave the items out: this exception ends as a whole' }] : [];
    return errors.length > 0 ? { ok: false, refusal: wrongInput(errors) } : { ok: true, value: [] };
  }
  const errors = itemErrors(batchId, input);
  if (errors.length > 0) return { ok: false, refusal: wrongInput(errors) };
  const references = new Map(input.items?.map(({ id, provider_reference }) => [id.ordinal, provider_reference ?? null]));
  const wanted = input.items ? [...references.keys()].sort((a, b) => a - b) : null;
  const found = await stores.exceptions.inDoubt(exception, wanted, PROPOSAL_ITEMS_MAX);
  if (found.length === 0 || (wanted && found.length < wanted.length)) {
    const known = new Set(found.map(({ ordinal }) => ordinal));
    const missing = wanted?.filter((ordinal) => !known.has(ordinal)) ?? [];
    return refuse('items_not_open', notOpenMessage(missing), { extra: { count: missing.length, ordinal: missing[0] ?? null } });
  }
  const shared = await sharedReferenceErrors(stores, batchId, input);
  if (shared.length > 0) return { ok: false, refusal: wrongInput(shared) };
  const ordinals = found.map(({ ordinal }) => ordinal);
  const taken = input.choice === 'keep_asking' ? [] : await stores.proposals.taken(batchId, ordinals);
  if (taken[0]) {
    const { ordinal, proposalId } = taken[0];
    const other = toWireId('proposal', proposalId);
    return refuse('items_proposed', `Confirm or withdraw the other proposal first: ${other}.`, {
      extra: { count: taken.length, ordinal, proposal_id: other },
    });
  }
  return { ok: true, value: found.map(({ ordinal, amount }) => ({ ordinal, amount, providerReference: references.get(ordinal) ?? null })) };
};

const notOpenMessage = ([first, ...others]: readonly number[]): string => {
  const which =
    first === undefined ? 'It has none that is in doubt.' : `It is item ${first}${others.length > 0 ? ` and ${others.length} more` : ''}.`;
  return `${which} Read the items of the exception; propose only ones that are open in it and that no evidence has settled.`;
};

const sharedReferenceErrors = async (stores: Stores, batchId: string, { items = [] }: ProposeInput): Promise<FieldError[]> => {
  const asked = items.map(({ id, provider_reference }) => ({ ordinal: id.ordinal, providerReference: provider_reference ?? null }));
  const shared = await sharedReferences(stores, batchId, asked);
  return items.flatMap(({ id }, place) => {
    const other = shared.get(id.ordinal);
    return other === undefined ? [] : [sharedReference(place, other)];
  });
};

const sharedReference = (place: number, ordinal: number): FieldError => ({
  field: `items.${place}.provider_reference`,
  reason: 'repeated',
  message: `this reference is given for item ${ordinal} already; a provider names each payment otherwise`,
});

const itemErrors = (batchId: string, { choice, items }: ProposeInput): FieldError[] => {
  const needsReference = choice === 'provider_paid';
  if (!items)
    return needsReference ? [{ field: 'items', reason: 'required', message: 'name each item with the reference that the provider gave it' }] : [];
  const seen = new Set<number>();
  const itemOf = new Map<string, number>();
  return items.flatMap(({ id, provider_reference }, place): FieldError[] => {
    const errors: FieldError[] = [];
    const at = (member: string) => `items.${place}.${member}`;
    if (id.batchId !== batchId) errors.push({ field: at('id'), reason: 'other_batch', message: 'name items of the batch of this exception only' });
    else if (seen.has(id.ordinal))
      errors.push({ field: at('id'), reason: 'repeated', message: `item ${id.ordinal} is named before already; name each item once` });
    seen.add(id.ordinal);
    const other = provider_reference === undefined ? undefined : itemOf.get(provider_reference);
    if (other !== undefined && other !== id.ordinal) errors.push(sharedReference(place, other));
    if (provider_reference !== undefined) itemOf.set(provider_reference, id.ordinal);
    if (needsReference && !provider_reference)
      errors.push({ field: at('provider_reference'), reason: 'required', message: 'give the reference that the provider gave this payment' });
    if (!needsReference && provider_reference)
      errors.push({ field: at('provider_reference'), reason: 'not_here', message: 'leave it out unless the provider paid the item' });
    return errors;
  });
};
