import { z } from 'zod';
import { BATCH_STATES } from '../domain/batch/states.js';
import { EXCEPTION_KINDS, type ExceptionKind, RESOLUTIONS, type Resolution } from '../domain/exceptions.js';
import { ITEM_STATES } from '../domain/item/states.js';
import { PROPOSAL_ITEMS_MAX, PROPOSAL_STATES } from '../domain/proposal.js';
import { code, currency, doneBy, hash, id, itemId, line, lines, minorUnits, page, timestamp, wireId } from './wire.js';

const kind = z.enum(Object.keys(EXCEPTION_KINDS) as [ExceptionKind, ...ExceptionKind[]]);
const choice = z.enum(Object.keys(RESOLUTIONS) as [Resolution, ...Resolution[]]);
const reason = lines(500);

export const listExceptions = z.strictObject({
  ...page,
  state: z.enum(['open', 'resolved']).optional(),
  kind: kind.optional(),
  batch_id: id('batch').optional(),
  owner_id: id('person').optional(),
});

const shown = {
  object: z.literal('exception'),
  id: wireId,
  kind,
  severity: z.enum(['usual', 'high']),
  state: z.enum(['open', 'resolved']),
  batch_id: wireId.nullable(),
  /** The batch's own name. */
  batch_external_id: z.string().nullable(),
  connection_id: wireId.nullable(),
  item_count: z.number().int(),
  open_count: z.number().int(),
  amount: minorUnits,
  open_amount: minorUnits,
  currency: currency.nullable(),
  owner_id: wireId.nullable(),
  /** The same person by name; null for nobody, here and below. */
  owner: doneBy.nullable(),
  created_at: timestamp,
  age_seconds: z.number().int(),
  resolved_at: timestamp.nullable(),
  /** A choice of people, `by_evidence`, or `over`. */
  resolution: z.string().nullable(),
};

export const exception = z.object(shown).meta({ id: 'Exception' });

export const proposal = z
  .object({
    object: z.literal('proposal'),
    id: wireId,
    exception_id: wireId,
    batch_id: wireId.nullable(),
    choice,
    state: z.enum(PROPOSAL_STATES),
    reason: z.string(),
    digest: hash,
    item_count: z.number().int(),
    total: minorUnits,
    proposed_by: wireId,
    proposer: doneBy.nullable(),
    confirmed_by: wireId.nullable(),
    confirmer: doneBy.nullable(),
    /** The code of the refusal, of one that could not be carried out. */
    problem: z.string().nullable(),
    created_at: timestamp,
    ended_at: timestamp.nullable(),
  })
  .meta({ id: 'Proposal' });

export const comment = z
  .object({
    object: z.literal('comment'),
    id: wireId,
    person_id: wireId.nullable(),
    author: doneBy.nullable(),
    body: z.string(),
    created_at: timestamp,
  })
  .meta({ id: 'ExceptionComment' });

/** One exception with all that is known about it. */
export const fullException = z
  .object({
    ...shown,
    meaning: z.string(),
    next: z.string(),
    /** How it may end; `effect` says what a choice would do to the money of all items that are open. */
    choices: z.array(z.object({ choice, people: z.number().int(), effect: z.string() })),
    /** As it was known when the exception was raised. */
    detail: z.looseObject({}),
    known: z.object({
      /** Where its items stand now, and the last word about them: a code of the provider, or of ours where it has said nothing. */
      states: z.array(z.object({ state: z.enum(ITEM_STATES), reason: z.string().nullable(), count: z.number().int(), amount: minorUnits })),
      /** The first and the last moment at which its items can have left. */
      first_sent_at: timestamp.nullable(),
      last_sent_at: timestamp.nullable(),
      /** What the rail says: how long it honours a key, and how late it may still take a payment in. */
      rail: z.object({ name: z.string(), key_lives_seconds: z.number().int(), acceptance_window_seconds: z.number().int() }).nullable(),
      /** From when people may say that the provider never got them. */
      may_fail_from: timestamp.nullable(),
    }),
    proposals: z.array(proposal),
    comments: z.array(comment),
  })
  .meta({ id: 'FullException' });

export const listExceptionItems = z.strictObject({ ...page, state: z.enum(['open', 'resolved']).optional() });

export const exceptionItem = z
  .object({
    object: z.literal('exception_item'),
    id: wireId,
    ordinal: z.number().int(),
    payee_reference: z.string(),
    amount: minorUnits,
    currency,
    state: z.enum(ITEM_STATES),
    reason: z.string().nullable(),
    provider_reference: z.string().nullable(),
    attempt: z.number().int(),
    added_at: timestamp,
    resolved_at: timestamp.nullable(),
    resolution: z.string().nullable(),
  })
  .meta({ id: 'ExceptionItem' });

/** Null: nobody. */
export const assign = z.strictObject({ owner_id: id('person').nullable() });
export const addComment = z.strictObject({ body: lines(2_000) });

export const propose = z.strictObject({
  choice,
  reason,
  /** Left out: all items that are open, up to 10,000. `provider_paid` needs each with the provider's reference. */
  items: z
    .array(z.strictObject({ id: itemId, provider_reference: line(128).optional() }))
    .min(1)
    .max(PROPOSAL_ITEMS_MAX)
    .optional(),
});

export const listProposalItems = z.strictObject({ ...page });
export const proposalItem = z
  .object({
    object: z.literal('proposal_item'),
    id: wireId,
    ordinal: z.number().int(),
    payee_reference: z.string(),
    amount: minorUnits,
    currency,
    provider_reference: z.string().nullable(),
  })
  .meta({ id: 'ProposalItem' });

/** What a second person would confirm, as their code is bound to it. */
export const proposalChallenge = z
  .object({
    object: z.literal('proposal_challenge'),
    id: wireId,
    proposal_id: wireId,
    digest: hash,
    expires_at: timestamp,
    summary: z.object({
      kind,
      choice,
      /** What the choice does to the money, in a sentence. */
      effect: z.string(),
      reason: z.string(),
      proposed_by: wireId,
      proposer: doneBy.nullable(),
      batch_id: wireId.nullable(),
      batch_external_id: z.string().nullable(),
      item_count: z.number().int(),
      total: minorUnits,
      currency: currency.nullable(),
      /** Up to 10, by amount. The name is the one that was sent, null once the person was deleted. */
      largest: z.array(
        z.object({
          item_id: wireId,
          ordinal: z.number().int(),
          payee_reference: z.string(),
          payee_name: z.string().nullable(),
          amount: minorUnits,
          provider_reference: z.string().nullable(),
        }),
      ),
    }),
  })
  .meta({ id: 'ProposalChallenge' });

export const confirm = z.strictObject({ challenge_id: id('challenge'), code });

export const proposeRecovery = z.strictObject({
  reason,
  /** Of the plan that the person has read. */
  plan_digest: hash,
});

/** What a recovery would do. */
export const recoveryPlan = z
  .object({
    object: z.literal('recovery_plan'),
    /** Why the process is in recovery mode; null when it is not. */
    reason: z.string().nullable(),
    /** The newest moment that the restored database knows of. */
    known_until: timestamp,
    batches: z.array(
      z.object({
        id: wireId,
        state: z.enum(BATCH_STATES),
        open: z.number().int(),
        amount: minorUnits,
        /** `look_up`: its open items are in doubt and are looked up, and it is paused: nothing of it is sent until somebody resumes it. `ask_then_look_up`: when the provider has payments of it, or does not say, its items are looked up when it executes. */
        step: z.enum(['look_up', 'ask_then_look_up']),
      }),
    ),
    connections: z.number().int(),
    digest: hash,
    /** The newest proposal to recover, in recovery mode only of this recovery; null when there is none. */
    proposal: proposal.nullable(),
    /** What that recovery did; null until it was carried out. */
    done: z
      .object({
        at: timestamp,
        /** Items that were put in doubt, and are looked up. */
        doubtful: z.number().int(),
        /** Payments that the providers reported, and items that moved by them. */
        reported: z.number().int(),
        settled: z.number().int(),
        /** Batches that wait for their execute gate again, because they may have been paid. */
        marked: z.number().int(),
        /** Executing batches that wait until somebody resumes them. */
        paused: z.number().int(),
        /** Rail connections that could not say what they have. */
        silent: z.number().int(),
        /** The generation of the log that began, and how many events of the earlier ones are lost. */
        generation: z.number().int(),
        lost_events: z.number().int(),
      })
      .nullable(),
  })
  .meta({ id: 'RecoveryPlan' });
