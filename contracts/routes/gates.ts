import { z } from 'zod';
import type { ProblemCode } from '../../domain/problems.js';
import type { RateClass } from '../../domain/rates.js';
import * as batches from '../batches.js';
import * as gates from '../gates.js';
import type { RouteShape } from '../route-shape.js';
import { id } from '../wire.js';

const batchParams = z.strictObject({ batch_id: id('batch') });

type Verb = Pick<RouteShape, 'summary' | 'permission' | 'body' | 'example'>;

/**
 * What somebody decides about one batch: POST under the batch's path, 200, with an Idempotency-Key that is kept for ever.
 * `problems` beyond `not_found` and `wrong_state`, which every verb may answer with.
 */
const batchVerb = <const Route extends Verb, Out extends z.ZodType>({
  path,
  out,
  rateClass = 'money',
  problems = [],
  ...route
}: Route & { path: string; out: Out; rateClass?: RateClass; problems?: readonly ProblemCode[] }) =>
  ({
    method: 'POST',
    path: `/v1/payout-batches/:batch_id/${path}`,
    rateClass,
    planClass: 'any',
    idempotency: 'required',
    params: batchParams,
    ...route,
    out: { status: 200, body: out },
    problems: ['not_found', 'wrong_state', ...problems],
  }) as const;

/** Problems of opening a gate, whichever gate it is. */
const GATE_PROBLEMS = [
  'gate_needs_person',
  'preparer_cannot_open',
  'gate_same_person',
  'gate_holder_inactive',
  'gate_not_authentic',
  'challenge_unknown',
  'challenge_expired',
  'challenge_used',
  'challenge_stale',
  'code_wrong',
  'otp_step_used',
  'factor_locked',
  'factor_missing',
  'factor_resting',
  'gate_deadline_passed',
] as const satisfies readonly ProblemCode[];

const GATE_EXAMPLE = { challenge_id: 'challenge_0198c2aa7c1e7b3d9f10a4c2e6b80d11', code: '123456' };

/** What people decide about a batch. */
export const GATE_ROUTES = {
  submit_payout_batch: batchVerb({
    path: 'submit',
    summary: 'Hand a draft to the gates',
    permission: 'batches.create',
    out: batches.batch,
  }),
  ask_challenge: {
    method: 'POST',
    path: '/v1/payout-batches/:batch_id/challenges',
    summary: 'See what would be paid, and get a challenge for a gate',
    permission: 'batches.read',
    rateClass: 'money',
    planClass: 'any',
    idempotency: 'optional',
    params: batchParams,
    body: gates.askChallenge,
    example: { gate: 'approve' },
    out: { status: 201, body: gates.challenge },
    problems: [
      'not_found',
      'forbidden',
      'wrong_state',
      'gate_needs_person',
      'preparer_cannot_open',
      'gate_same_person',
      'factor_missing',
      'factor_resting',
      'factor_locked',
      'gate_deadline_passed',
      'insufficient_funds',
    ],
  },
  approve_payout_batch: batchVerb({
    path: 'approve',
    summary: 'Open the first gate',
    permission: 'gates.approve',
    rateClass: 'code',
    planClass: 'any',
    body: gates.openGate,
    example: GATE_EXAMPLE,
    out: batches.batch,
    problems: GATE_PROBLEMS,
  }),
  authorize_payout_batch: batchVerb({
    path: 'authorize',
    summary: 'Open the second gate; places the hold',
    permission: 'gates.authorize',
    rateClass: 'code',
    planClass: 'any',
    body: gates.openGate,
    example: GATE_EXAMPLE,
    out: batches.batch,
    problems: [...GATE_PROBLEMS, 'insufficient_funds'],
  }),
  execute_payout_batch: batchVerb({
    path: 'execute',
    summary: 'Open the third gate; payments leave',
    permission: 'gates.execute',
    rateClass: 'code',
    planClass: 'any',
    body: gates.openGate,
    example: GATE_EXAMPLE,
    out: batches.batch,
    problems: [...GATE_PROBLEMS, 'audit_behind'],
  }),
  reject_payout_batch: batchVerb({
    path: 'reject',
    summary: 'Turn a batch down',
    permission: 'batches.reject',
    body: batches.withReason,
    example: { reason: 'The total is not what the campaign earned.' },
    out: batches.batch,
  }),
  cancel_payout_batch: batchVerb({
    path: 'cancel',
    summary: 'Stop what has not been sent, for good',
    permission: 'batches.cancel',
    body: batches.optionalReason,
    example: { reason: 'Sent again as june-2026-b.' },
    out: batches.halted,
  }),
  pause_payout_batch: batchVerb({
    path: 'pause',
    summary: 'Stop sending until resumed',
    permission: 'batches.pause',
    body: batches.optionalReason,
    example: { reason: 'The provider announced maintenance.' },
    out: batches.halted,
  }),
  resume_payout_batch: batchVerb({
    path: 'resume',
    summary: 'Go on sending',
    permission: 'batches.pause',
    out: batches.batch,
  }),
} as const satisfies Record<string, RouteShape>;
