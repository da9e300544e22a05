import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { createBatch } from '../../contracts/batches.js';
import type { ROUTES, RouteId } from '../../contracts/routes.js';
import type { Gate } from '../../domain/gate.js';
import type { Result } from '../../domain/result.js';
import { setAnomalyRule } from '../../operations/anomaly/set-rule.js';
import { createApiKey } from '../../operations/api-key/create.js';
import { resumeApiKey } from '../../operations/api-key/resume.js';
import { rotateApiKey } from '../../operations/api-key/rotate.js';
import type { Context } from '../../operations/context.js';
import { askEmailVerification } from '../../operations/email-link/ask-verification.js';
import { assignException } from '../../operations/exception/assign.js';
import { commentOnException } from '../../operations/exception/comment.js';
import { raiseException } from '../../operations/exception/raise.js';
import { confirmFactor } from '../../operations/factor/confirm.js';
import { enrolFactor } from '../../operations/factor/enrol.js';
import { removeFactor } from '../../operations/factor/remove.js';
import { renewRecoveryCodes } from '../../operations/factor/renew-recovery-codes.js';
import { askFactorReset, confirmFactorReset, proposeFactorReset } from '../../operations/factor/reset.js';
import { askChallenge } from '../../operations/gate/ask.js';
import { openGate } from '../../operations/gate/open.js';
import { idempotent } from '../../operations/idempotency/guard.js';
import { discardDelivery } from '../../operations/inbound/discard.js';
import { replayDeliveries } from '../../operations/inbound/replay.js';
import { createInvitation } from '../../operations/invitation/create.js';
import { createAccount } from '../../operations/ledger/create-account.js';
import { topUp } from '../../operations/ledger/top-up.js';
import { discardParkedEvidence } from '../../operations/parked-evidence/discard.js';
import { confirmPasskey } from '../../operations/passkey/confirm.js';
import { enrolPasskey } from '../../operations/passkey/enrol.js';
import { addDestination } from '../../operations/payee/add-destination.js';
import { createPayee } from '../../operations/payee/create.js';
import { holdPayee, releasePayee } from '../../operations/payee/hold.js';
import { cancelPayoutBatch } from '../../operations/payout-batch/cancel.js';
import { createPayoutBatch } from '../../operations/payout-batch/create.js';
import { pausePayoutBatch } from '../../operations/payout-batch/pause.js';
import { rejectPayoutBatch } from '../../operations/payout-batch/reject.js';
import { resumePayoutBatch } from '../../operations/payout-batch/resume.js';
import { submitPayoutBatch } from '../../operations/payout-batch/submit.js';
import { disablePerson, enablePerson, setPersonRoles } from '../../operations/person/change.js';
import type { Stores } from '../../operations/ports.js';
import { askProposalChallenge } from '../../operations/proposal/ask.js';
import { confirmProposal } from '../../operations/proposal/confirm.js';
import { proposeResolution } from '../../operations/proposal/propose.js';
import { withdrawProposal } from '../../operations/proposal/withdraw.js';
import { proposeRecovery } from '../../operations/recovery/propose.js';
import { showRecovery } from '../../operations/recovery/show.js';
import { defineRole } from '../../operations/role/define.js';
import { changePassword } from '../../operations/session/change-password.js';
import { endOtherSessions } from '../../operations/session/end-other.js';
import { createSigningKey } from '../../operations/signing-key/create.js';
import { liftStop } from '../../operations/stop/lift.js';
import { stopWorkspace } from '../../operations/stop/stop.js';
import { confirmFreeze } from '../../operations/tenant/confirm.js';
import { freezeTenant } from '../../operations/tenant/freeze.js';
import { inviteOwner } from '../../operations/tenant/invite-owner.js';
import { setTenantPlan } from '../../operations/tenant/set-plan.js';
import { thawTenant } from '../../operations/tenant/thaw.js';
import { withdrawFreeze } from '../../operations/tenant/withdraw.js';
import { allowUnsigned } from '../../operations/workspace/allow-unsigned.js';
import { requireSigning } from '../../operations/workspace/require-signing.js';
import { systemEntropy } from '../../vault/entropy.js';
import { create, type IntakeWorld, openIntakeWorld, upload } from '../world/intake.js';
import { newAuthenticator } from '../world/passkey.js';
import { iban } from '../world/payees.js';
import type { Person } from '../world/people.js';
import { made, must, uuidOf } from '../world/wire.js';

jest.setTimeout(120_000);

let world: IntakeWorld;
let admin: Person;
beforeAll(async () => {
  world = await openIntakeWorld();
  admin = await world.person('admin');
});
afterAll(() => world?.close());

/** POST routes whose answers are stored; without a credential, or before it is made, there is no workspace to store one in (ADR 0014). */
type StoredRoute = {
  [Id in RouteId]: (typeof ROUTES)[Id] extends { method: 'POST'; idempotency: string; permission: infer P }
    ? P extends 'public'
      ? never
      : Exclude<Id, 'create_tenant'>
    : never;
}[RouteId];

interface Run {
  ctx: Context;
  work: (ctx: Context) => Promise<Result<unknown>>;
}

const payee = { name: 'Erika Mustermann', payee_type: 'individual', country: 'DE' } as const;
const body = { currency: 'EUR', rail: 'sandbox', items: [{ payee: { reference: 'p-1', ...payee, iban: iban(1) }, amount: 100, reference: 'one' }] };
const csv = `payee_reference,payee_name,country,iban,amount,reference\np-2,Erika Mustermann,DE,${iban(2)},100,one\n`;

/** Two operators in a workspace that nothing else of this test is in. */
const operatorsOf = async () => {
  const { tenantId } = await world.workspace();
  const [asking, other] = [await world.operator(), await world.operator()];
  return { asking: world.as(asking.actor, { tenantId }), other: world.as(other.actor, { tenantId }) };
};

/** An owner in a workspace that nothing else of this test is in. */
const ownerElsewhere = async () => {
  const { tenantId } = await world.workspace();
  const who = await world.person('owner', [tenantId]);
  return { who, ctx: world.as(who, { tenantId }) };
};

/** A request that succeeds, for every route: leave one out and this does not compile. */
const REQUESTS: Record<StoredRoute, () => Promise<Run>> = {
  stop_workspace: async () => {
    const { who, ctx } = await ownerElsewhere();
    const code = await world.code(who);
    return { ctx, work: (own) => stopWorkspace(own, { reason: 'x', code }) };
  },
  lift_stop: async () => {
    const { who, ctx } = await ownerElsewhere();
    const { stop } = must(await stopWorkspace(ctx, { reason: 'x', code: await world.code(who) }));
    const code = await world.freshCode(who);
    return { ctx, work: (own) => liftStop(own, { stop_id: uuidOf(stop?.id ?? ''), code }) };
  },
  invite_owner: async () => {
    const { asking } = await operatorsOf();
    return { ctx: asking, work: (own) => inviteOwner(own, { email: 'olu@example.com', name: 'Olu' }) };
  },
  set_tenant_plan: async () => {
    const { asking } = await operatorsOf();
    return { ctx: asking, work: (own) => setTenantPlan(own, world.publicContext(), { plan: 'growth' }) };
  },
  freeze_tenant: async () => {
    const { asking } = await operatorsOf();
    return { ctx: asking, work: (own) => freezeTenant(own, { reason: 'x' }) };
  },
  withdraw_freeze: async () => {
    const { asking } = await operatorsOf();
    must(await freezeTenant(asking, { reason: 'x' }));
    return { ctx: asking, work: withdrawFreeze };
  },
  confirm_freeze: async () => {
    const { asking, other } = await operatorsOf();
    const { freeze } = must(await freezeTenant(asking, { reason: 'x' }));
    return { ctx: other, work: (own) => confirmFreeze(own, { freeze_id: uuidOf(freeze?.id ?? ''), step: 'freeze' }) };
  },
  thaw_tenant: async () => {
    const { asking, other } = await operatorsOf();
    const { freeze } = must(await freezeTenant(asking, { reason: 'x' }));
    must(await confirmFreeze(other, { freeze_id: uuidOf(freeze?.id ?? ''), step: 'freeze' }));
    return { ctx: other, work: (own) => thawTenant(own, { reason: 'x' }) };
  },
  propose_recovery: async () => {
    const ctx = world.as(admin, { services: { recovery: { reason: () => 'an older copy was put back' } } });
    const { digest } = must(await showRecovery(ctx));
    // It joins the exception that is open.
    await ctx.inTenant((stores) => raiseException(ctx, stores, { kind: 'database_restored' }));
    return { ctx, work: (own) => proposeRecovery(own, { reason: 'the disk was lost', plan_digest: digest }) };
  },
  end_other_sessions: async () => as(admin, (ctx) => endOtherSessions(ctx)),
  set_person_roles: async () => onMember((ctx, person_id) => setPersonRoles(ctx, { person_id, roles: ['auditor'] })),
  disable_person: async () => onMember((ctx, person_id) => disablePerson(ctx, { person_id })),
  enable_person: async () => onMember((ctx, person_id) => enablePerson(ctx, { person_id })),
  define_role: async () => as(admin, (ctx) => defineRole(ctx, { name: 'reviewer', permissions: ['batches.read'] })),
  create_api_key: async () => coded((ctx, code) => createApiKey(ctx, { name: 'mine', scopes: ['batches.read'], code })),
  rotate_api_key: async () => coded(async (ctx, code) => rotateApiKey(ctx, { key_id: await newApiKey(), grace_seconds: 60, code })),
  resume_api_key: async () =>
    coded(async (ctx, code) => {
      const key_id = await newApiKey();
      await world.api().inTenant((stores) => stores.apiKeys.suspend(key_id));
      return resumeApiKey(ctx, { key_id, code });
    }),
  set_anomaly_rule: async () => coded((ctx, code) => setAnomalyRule(ctx, { kind: 'signature_refused', alert_at: 1, suspend_at: 'never', code })),
  create_signing_key: async () => coded(async (ctx, code) => createSigningKey(ctx, { key_id: await newApiKey(), algorithm: 'hmac-sha256', code })),
  require_signing: async () => as(admin, requireSigning),
  allow_unsigned: async () => as(admin, allowUnsigned),
  create_invitation: async () => as(admin, (ctx) => createInvitation(ctx, { email: 'new@example.com', name: 'Nina', roles: ['auditor'] })),
  ask_email_verification: async () => as(await world.person('auditor'), askEmailVerification),
  change_password: async () => {
    const who = await world.person('auditor');
    const input = { password: who.password, new_password: randomBytes(12).toString('hex'), code: await world.code(who) };
    return as(who, (ctx) => changePassword(ctx, input));
  },
  enrol_factor: async () => {
    const who = await world.person('auditor');
    const code = await world.code(who);
    return as(who, (ctx) => enrolFactor(ctx, { name: 'laptop', code }));
  },
  confirm_factor: async () => {
    const who = await world.person('auditor');
    const made = must(await enrolFactor(world.as(who), { name: 'laptop', code: await world.code(who) }));
    const code = await world.code({ ...who, secret: made.secret ?? '' });
    return as(who, (ctx) => confirmFactor(ctx, { factor_id: uuidOf(made.id), code }));
  },
  enrol_passkey: async () => {
    const who = await world.person('auditor');
    const code = await world.code(who);
    return as(who, (ctx) => enrolPasskey(ctx, { name: 'laptop', code }));
  },
  confirm_passkey: async () => {
    const who = await world.person('auditor');
    const made = must(await enrolPasskey(world.as(who), { name: 'laptop', code: await world.code(who) }));
    const credential = newAuthenticator().create(made.options);
    return as(who, (ctx) => confirmPasskey(ctx, { factor_id: uuidOf(made.id), credential }));
  },
  remove_factor: async () => {
    const who = await world.person('auditor');
    const second = await world.secondFactor(who);
    const code = await world.code(second);
    return as(who, (ctx) => removeFactor(ctx, { factor_id: who.factorId, code }));
  },
  renew_recovery_codes: async () => {
    const who = await world.person('auditor');
    const code = await world.code(who);
    return as(who, (ctx) => renewRecoveryCodes(ctx, { code }));
  },
  ask_factor_reset: async () => {
    const who = await world.person('auditor');
    const code = await world.code(who);
    return as(who, (ctx) => askFactorReset(ctx, { code }));
  },
  propose_factor_reset: async () => {
    const [member, who] = [await world.person('approver'), await world.person('admin')];
    const code = await world.code(who);
    return as(who, (ctx) => proposeFactorReset(ctx, { person_id: member.id, code }));
  },
  confirm_factor_reset: async () => {
    const [member, first, second] = [await world.person('approver'), await world.person('admin'), await world.person('admin')];
    must(await proposeFactorReset(world.as(first), { person_id: member.id, code: await world.code(first) }));
    const code = await world.code(second);
    return as(second, (ctx) => confirmFactorReset(ctx, { person_id: member.id, code }));
  },
  create_payee: async () => as(admin, (ctx) => createPayee(ctx, { reference: 'new', ...payee, iban: iban(3) })),
  add_destination: async () => {
    const known = must(await createPayee(world.as(admin), { reference: 'known', ...payee, iban: iban(4) }));
    return as(admin, (ctx) => addDestination(ctx, { payee_id: uuidOf(known.id), iban: iban(5) }));
  },
  create_payout_batch: async () => as(admin, (ctx) => createPayoutBatch(ctx, { ...createBatch.parse(body), validate_only: false })),
  submit_payout_batch: async () => {
    const draft = made(await create(world.as(admin), { ...body, draft: true }));
    return as(admin, (ctx) => submitPayoutBatch(ctx, { batch_id: uuidOf(draft.id) }));
  },
  ask_challenge: async () => {
    const batch = await world.batch();
    return as(admin, (ctx) => askChallenge(ctx, { batch_id: batch.id, gate: 'approve' }));
  },
  approve_payout_batch: () => opening('approve'),
  authorize_payout_batch: () => opening('authorize'),
  execute_payout_batch: () => opening('execute'),
  reject_payout_batch: async () => onBatch((ctx, batch_id) => rejectPayoutBatch(ctx, { batch_id, reason: 'wrong month' })),
  cancel_payout_batch: async () => onBatch((ctx, batch_id) => cancelPayoutBatch(ctx, { batch_id })),
  pause_payout_batch: async () => onBatch((ctx, batch_id) => pausePayoutBatch(ctx, { batch_id })),
  resume_payout_batch: async () => onBatch((ctx, batch_id) => resumePayoutBatch(ctx, { batch_id })),
  hold_payee: async () => onPayee((ctx, payee_id) => holdPayee(ctx, { payee_id, reason: 'taken over' })),
  release_payee: async () => onPayee((ctx, payee_id) => releasePayee(ctx, { payee_id, reason: 'confirmed' })),
  assign_exception: async () => onException((ctx, exception_id) => assignException(ctx, { exception_id, owner_id: admin.id })),
  comment_exception: async () => onException((ctx, exception_id) => commentOnException(ctx, { exception_id, body: 'asked' })),
  propose_resolution: async () =>
    onException((ctx, exception_id) => proposeResolution(ctx, { exception_id, choice: 'made_good', reason: 'got it back' })),
  ask_proposal_challenge: async () => onProposal(async (proposal_id) => (ctx) => askProposalChallenge(ctx, { proposal_id })),
  confirm_proposal: async () =>
    onProposal(async (proposal_id, who) => {
      const challenge = must(await askProposalChallenge(world.as(who), { proposal_id }));
      const input = { proposal_id, challenge_id: uuidOf(challenge.id), code: await world.code(who) };
      return (ctx) => confirmProposal(ctx, input);
    }),
  withdraw_proposal: async () => onProposal(async (proposal_id) => (ctx) => withdrawProposal(ctx, { proposal_id, reason: 'wrong' })),
  discard_parked_evidence: async () => {
    const row = {
      id: systemEntropy.newId(),
      connectionId: world.home.connectionId,
      paymentKey: 'x',
      outcome: 'paid',
      rank: 1,
      reason: 'unknown_payment',
    } as const;
    await world
      .worker()
      .inTenant((stores) => stores.parkedEvidence.park([{ ...row, amount: null, currency: null, providerReference: null, inboundId: null }]));
    return as(admin, (ctx) => discardParkedEvidence(ctx, { parked_evidence_id: row.id, reason: 'not ours' }));
  },
  discard_delivery: async () => {
    const [row] = await world.sql<{ id: string }>(
      `INSERT INTO inbound_event (tenant_id, id, connection_id, provider_event_id, sealed_body, problem) VALUES ($1, gen_random_uuid(), $2, 'evt', '\\x00', 'ZodError') RETURNING id`,
      [world.home.tenantId, world.home.connectionId],
    );
    return as(admin, (ctx) => discardDelivery(ctx, { delivery_id: row?.id ?? '', reason: 'a test event' }));
  },
  replay_deliveries: async () => as(admin, (ctx) => replayDeliveries(ctx, { connection_id: world.home.connectionId })),
  create_account: async () => as(admin, (ctx) => createAccount(ctx, { kind: 'funding', name: 'Shop', currency: 'EUR' })),
  top_up: async () => as(admin, (ctx) => topUp(ctx, { account_id: world.home.funding, amount: 5 })),
};

test.each(Object.keys(REQUESTS) as StoredRoute[])('the answer of %s is stored in the transaction of its action [S1-24]', async (route) => {
  const { ctx, work } = await REQUESTS[route]();
  expect(await transactionsOf(route, ctx, work)).toEqual([['claim'], ['action', 'answer']]);
});

test('the answer of an uploaded batch is stored in the transaction that makes it one [S1-24]', async () => {
  const steps = await transactionsOf('create_payout_batch', world.as(admin), (ctx) => upload(ctx, csv));
  expect(steps.at(-1)).toEqual(['action', 'answer']);
  expect(steps.flat().filter((step) => step === 'answer')).toHaveLength(1);
});

const as = (who: Person, work: Run['work']): Run => ({ ctx: world.as(who), work });

const coded = (work: (ctx: Context, code: string) => ReturnType<Run['work']>): Promise<Run> =>
  world.freshCode(admin).then((code) => as(admin, (ctx) => work(ctx, code)));
const newApiKey = async (): Promise<string> =>
  uuidOf(must(await createApiKey(world.as(admin), { name: 'a key', scopes: ['batches.read'], code: await world.freshCode(admin) })).id);

const onBatch = async (verb: (ctx: Context, batchId: string) => Promise<Result<unknown>>): Promise<Run> => {
  const batch = await world.batch();
  return as(admin, (ctx) => verb(ctx, batch.id));
};

const onPayee = async (verb: (ctx: Context, payeeId: string) => Promise<Result<unknown>>): Promise<Run> => {
  const reference = systemEntropy.newId();
  const known = must(await createPayee(world.as(admin), { reference, ...payee, iban: iban(6) }));
  return as(admin, (ctx) => verb(ctx, uuidOf(known.id)));
};

const onMember = async (verb: (ctx: Context, personId: string) => Promise<Result<unknown>>): Promise<Run> => {
  const member = await world.person('approver');
  return as(admin, (ctx) => verb(ctx, member.id));
};

const onException = async (verb: (ctx: Context, exceptionId: string) => Promise<Result<unknown>>): Promise<Run> => {
  const batch = await world.batch();
  const raised = await world
    .worker()
    .inTenant((stores) => raiseException(world.worker(), stores, { kind: 'paid_twice_at_provider', batchId: batch.id, ordinals: [0] }));
  return as(admin, (ctx) => verb(ctx, raised.id));
};

/** A proposal of one admin, and what another one does about it. */
const onProposal = async (prepare: (proposalId: string, who: Person) => Promise<Run['work']>): Promise<Run> => {
  const proposing = await onException((ctx, exception_id) => proposeResolution(ctx, { exception_id, choice: 'made_good', reason: 'got it back' }));
  const made = must(await proposing.work(proposing.ctx)) as { id: string };
  const who = await world.person('admin');
  return as(who, await prepare(uuidOf(made.id), who));
};

const opening = async (gate: Gate): Promise<Run> => {
  const batch = await world.batch();
  if (gate !== 'approve') await world.openUpTo(gate === 'authorize' ? 'approve' : 'authorize', batch.id);
  const who = await world.person('admin');
  const input = { gate, batch_id: batch.id, challenge_id: await world.challenge(who, gate, batch.id), code: await world.code(who) };
  return as(who, (ctx) => openGate(ctx, input));
};

/** What each transaction of an idempotent request did, in order: claimed the key, recorded the action, stored the answer. */
const transactionsOf = async (route: RouteId, ctx: Context, work: Run['work']): Promise<string[][]> => {
  const transactions: string[][] = [];
  const watched: Context = {
    ...ctx,
    inTenant: (of, options) => {
      const steps: string[] = [];
      transactions.push(steps);
      return ctx.inTenant((stores) => {
        steps.length = 0;
        return of(watch(stores, steps));
      }, options);
    },
  };
  expect(await idempotent(watched, { route, key: systemEntropy.newId(), input: {} }, work)).toMatchObject({ ok: true, replayed: false });
  return transactions.filter((steps) => steps.length > 0);
};

const watch = (stores: Stores, steps: string[]): Stores => {
  const noted =
    <Given extends unknown[], Returned>(step: string, method: (...given: Given) => Returned) =>
    (...given: Given): Returned => {
      steps.push(step);
      return method(...given);
    };
  const { audit, idempotencyKeys } = stores;
  return {
    ...stores,
    audit: { ...audit, append: noted('action', audit.append) },
    idempotencyKeys: { ...idempotencyKeys, claim: noted('claim', idempotencyKeys.claim), store: noted('answer', idempotencyKeys.store) },
  };
};
