import { toItemId } from '../../domain/ids.js';
import { type EvidenceOutcome, unknownOutcome } from '../../domain/item/evidence.js';
import { intendChunk } from '../../operations/chunk/intend.js';
import type { Context } from '../../operations/context.js';
import { raiseException } from '../../operations/exception/raise.js';
import { applyProposals } from '../../operations/proposal/apply.js';
import { askProposalChallenge } from '../../operations/proposal/ask.js';
import { confirmProposal } from '../../operations/proposal/confirm.js';
import { type ProposeInput, proposeResolution } from '../../operations/proposal/propose.js';
import { settleEvidence } from '../../operations/settlement/settle.js';
import type { PayingWorld } from './paying.js';
import { tokens } from './paying.js';
import type { Person } from './people.js';
import { must, uuidOf } from './wire.js';

const DAY = 24 * 3_600_000;

/** Items in doubt, and people who end it. */
export const doubtOf = (world: PayingWorld) => {
  /** The context with a database in which everything was sent `days` earlier: window and key have ended. */
  const aged = (ctx: Context, days = 40): Context => ({
    ...ctx,
    inTenant: (work, options) =>
      ctx.inTenant((stores) => {
        const earlier = (at: Date) => new Date(at.getTime() - days * DAY);
        const ofChunks: typeof stores.dispatches.ofChunks = async (batchId, chunks) =>
          (await stores.dispatches.ofChunks(batchId, chunks)).map((row) => ({
            ...row,
            sentFrom: earlier(row.sentFrom),
            leaseUntil: earlier(row.leaseUntil),
          }));
        return work({ ...stores, dispatches: { ...stores.dispatches, ofChunks } });
      }, options),
  });

  /** A batch of which nobody knows what became of it, with the exception that says so. */
  const doubtful = async (count: number, terms: Record<string, unknown> = {}): Promise<{ batchId: string; exceptionId: string }> => {
    const batchId = await world.executing(tokens(count), terms);
    const worker = world.worker();
    const chunkSize = (await world.view(batchId))?.batch.chunkSize ?? 1;
    for (let chunk = 0; chunk * chunkSize < count; chunk++) await intendChunk(worker, { batchId, chunk });
    const ordinals = Array.from({ length: count }, (_, ordinal) => ordinal);
    const outcomes = ordinals.map((ordinal) => unknownOutcome(toItemId(batchId, ordinal), 'attempt_died'));
    await settleEvidence(worker, { batchId, connectionId: world.home.connectionId, source: 'lease', outcomes });
    const raised = await worker.inTenant((stores) => raiseException(worker, stores, { kind: 'unknown_key_expired', batchId, ordinals }));
    return { batchId, exceptionId: raised.id };
  };

  /** Items of a batch with the references that a provider would give. */
  const withReferences = (batchId: string, ordinals: readonly number[]) =>
    ordinals.map((ordinal) => ({ id: { batchId, ordinal }, provider_reference: `pay_${ordinal}` }));

  const propose = async (who: Person, input: Omit<ProposeInput, 'reason'>) =>
    proposeResolution(aged(world.as(who)), { reason: 'the provider told us so', ...input });

  /** Confirms as the second person, with the code that the authenticator shows now. */
  const confirm = async (who: Person, proposalId: string, code?: string) => {
    const asked = await askProposalChallenge(aged(world.as(who)), { proposal_id: proposalId });
    if (!asked.ok) return asked;
    return confirmProposal(aged(world.as(who)), {
      proposal_id: proposalId,
      challenge_id: uuidOf(asked.value.id),
      code: code ?? (await world.code(who)),
    });
  };

  /** What the worker does about confirmed proposals. */
  const carryOut = () => applyProposals(aged(world.worker()));

  /** A proposal by one new person, confirmed by another one, and carried out. Returns its id. */
  const resolve = async (input: Omit<ProposeInput, 'reason'>): Promise<string> => {
    const proposalId = uuidOf(must(await propose(await world.person('executor'), input)).id);
    must(await confirm(await world.person('authorizer'), proposalId));
    await carryOut();
    return proposalId;
  };

  /** What the provider says of an item, as a webhook brings it. */
  const said = (batchId: string, ordinal: number, outcome: EvidenceOutcome, rank: number, providerReference = `pay_${ordinal}`) =>
    settleEvidence(world.worker(), {
      batchId,
      connectionId: world.home.connectionId,
      source: 'webhook',
      outcomes: [{ key: toItemId(batchId, ordinal), outcome, rank, providerReference, reason: null, amount: null, currency: null }],
    });

  const exception = async (id: string) => (await world.worker().inTenant((stores) => stores.exceptions.view(id)))?.exception;
  const proposal = (id: string) => world.worker().inTenant((stores) => stores.proposals.get(id));

  return { aged, doubtful, withReferences, propose, confirm, carryOut, resolve, said, exception, proposal };
};
