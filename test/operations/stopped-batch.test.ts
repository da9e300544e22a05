import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { listExceptions } from '../../contracts/exceptions.js';
import { awakeIn, KEY_SCOPES, ROLES } from '../../domain/permissions.js';
import { payChunk } from '../../operations/chunk/pay.js';
import { assignException } from '../../operations/exception/assign.js';
import { listExceptions as list } from '../../operations/exception/list.js';
import { discardDelivery } from '../../operations/inbound/discard.js';
import { listDeliveries } from '../../operations/inbound/list.js';
import { discardParkedEvidence } from '../../operations/parked-evidence/discard.js';
import { listParkedEvidence } from '../../operations/parked-evidence/list.js';
import { holdPayee, releasePayee } from '../../operations/payee/hold.js';
import { pausePayoutBatch } from '../../operations/payout-batch/pause.js';
import { resumePayoutBatch } from '../../operations/payout-batch/resume.js';
import { latch } from '../harness/latch.js';
import { until } from '../harness/until.js';
import { doubtOf } from '../world/doubt.js';
import { lockWaiters } from '../world/lock-waiters.js';
import { openPayingWorld, type PayingWorld, tokens } from '../world/paying.js';
import type { Person } from '../world/people.js';
import { codeOf, must, refusalOf, uuidOf } from '../world/wire.js';

/** What people do about a batch that was stopped, evidence that fits nothing, deliveries that cannot be read, and a payee. */

let world: PayingWorld;
let doubt: ReturnType<typeof doubtOf>;
beforeAll(async () => {
  world = await openPayingWorld();
  doubt = doubtOf(world);
}, 120_000);
afterAll(() => world?.close());

const quiet = () => {};
/** As an API key of somebody, which claims all that keys may hold. */
const keyOf = async (owner: Person) => {
  const { hash, prefix } = world.services.credentials.newToken('api_key', 'test');
  const id = world.services.entropy.newId();
  const key = { id, name: 'a key', prefix, scopes: [...KEY_SCOPES], ownerPersonId: owner.id, allowedNetworks: [], expiresAt: null, tokenHash: hash };
  await world.as(owner).inTenant((stores) => stores.apiKeys.insert(key));
  return world.as({ type: 'api_key', keyId: id, ownerPersonId: owner.id, scopes: KEY_SCOPES });
};
/** As somebody who signed in with a password alone. */
const withoutFactor = ({ id, role }: Person) =>
  world.as({ type: 'user', personId: id, sessionId: world.services.entropy.newId(), roles: [role], ...awakeIn({ withFactor: false }, ROLES[role]) });
const openOf = async (batchId: string) =>
  (await world.worker().inTenant((stores) => stores.exceptions.openOf(batchId))).map(({ id, kind }) => ({ id, kind }));

describe('a batch that was stopped for its content (R3)', () => {
  const stopped = async () => {
    const batchId = await world.executing(tokens(3));
    await world.sql('UPDATE payout_item SET amount = amount + 1 WHERE batch_id = $1 AND ordinal = 1', [batchId]);
    expect(await payChunk(world.worker(), { batchId, chunk: 0 }, quiet)).toMatchObject({ kind: 'halted' });
    const [exception] = await openOf(batchId);
    expect(exception?.kind).toBe('integrity_failed');
    return { batchId, exceptionId: exception?.id ?? '' };
  };
  const putBack = (batchId: string) => world.sql('UPDATE payout_item SET amount = amount - 1 WHERE batch_id = $1 AND ordinal = 1', [batchId]);

  test('goes on and is paid when two people say so and the content verifies again', async () => {
    const { batchId, exceptionId } = await stopped();
    await putBack(batchId);
    const proposalId = await doubt.resolve({ exception_id: exceptionId, choice: 'content_restored' });
    expect(await doubt.proposal(proposalId)).toMatchObject({ state: 'applied' });
    expect((await world.view(batchId))?.control.integrityFailedAt).toBeNull();
    expect(await openOf(batchId)).toEqual([]);
    await payChunk(world.worker(), { batchId, chunk: 0 }, quiet);
    expect(await world.counter(batchId)).toMatchObject({ open: 0, paid: 3 });
    expect(await world.broken()).toEqual([]);
  });

  test('stays stopped while one value differs, whatever people say', async () => {
    const { batchId, exceptionId } = await stopped();
    const proposalId = await doubt.resolve({ exception_id: exceptionId, choice: 'content_restored' });
    expect(await doubt.proposal(proposalId)).toMatchObject({ state: 'refused', problem: 'integrity_failed' });
    expect((await world.view(batchId))?.control.integrityFailedAt).not.toBeNull();
    expect(await openOf(batchId)).toHaveLength(1);
    await putBack(batchId);
  });
});

test('a batch is paused by a key, and resumed by a person alone', async () => {
  const batchId = await world.executing(tokens(1));
  const executor = await world.person('executor');
  const byKey = await keyOf(executor);
  must(await pausePayoutBatch(byKey, { batch_id: batchId }));
  for (const one of [byKey, withoutFactor(executor)]) expect(codeOf(await resumePayoutBatch(one, { batch_id: batchId }))).toBe('forbidden');
  expect(await world.results(batchId, 'batch.resume')).toEqual(['forbidden', 'forbidden']);
  expect((await world.view(batchId))?.control.pausedAt).not.toBeNull();
  expect(must(await resumePayoutBatch(world.as(executor), { batch_id: batchId })).paused).toBe(false);
});

describe('a payee (R1)', () => {
  const heldBatch = async () => {
    const batchId = await world.executing(tokens(2));
    const [item] = await world.worker().inTenant((stores) => stores.items.range(batchId, 0, 1));
    return { batchId, payeeId: item?.payeeId ?? '' };
  };

  test('that is held gets nothing in a running batch: its item is blocked and its money is back; the others are paid', async () => {
    const { batchId, payeeId } = await heldBatch();
    const approver = await world.person('approver');
    expect(must(await holdPayee(world.as(approver), { payee_id: payeeId, reason: 'taken over' })).held).toBe(true);
    await payChunk(world.worker(), { batchId, chunk: 0 }, quiet);
    expect(await world.counter(batchId)).toMatchObject({ open: 0, paid: 1, blocked: 1 });
    expect(await world.broken()).toEqual([]);
    expect(must(await releasePayee(world.as(approver), { payee_id: payeeId, reason: 'confirmed' })).held).toBe(false);
    expect(await world.results(payeeId, 'payee.hold')).toEqual(['ok']);
    expect(await world.results(payeeId, 'payee.release')).toEqual(['ok']);
  });

  test('that is held waits for the intents that run, and every later one sees the hold', async () => {
    const { payeeId } = await heldBatch();
    const approver = await world.person('approver');
    const begun = latch();
    const end = latch();
    const intent = world.worker().inTenant(async (stores) => {
      await stores.workspaces.lockShared();
      begun.open();
      await end.opened;
    });
    await begun.opened;
    let answered = false;
    const holding = holdPayee(world.as(approver), { payee_id: payeeId, reason: 'taken over' }).then((held) => {
      answered = true;
      return held;
    });
    await until('the hold to wait or to be answered', async () => {
      return (await lockWaiters(world)) > 0 || answered || undefined;
    });
    expect(answered).toBe(false);
    end.open();
    await intent;
    expect(must(await holding).held).toBe(true);
    must(await releasePayee(world.as(approver), { payee_id: payeeId, reason: 'r' }));
  });

  test('that is let go before its item is sent is paid', async () => {
    const { batchId, payeeId } = await heldBatch();
    const approver = await world.person('approver');
    for (const verb of [holdPayee, holdPayee, releasePayee]) must(await verb(world.as(approver), { payee_id: payeeId, reason: 'r' }));
    await payChunk(world.worker(), { batchId, chunk: 0 }, quiet);
    expect(await world.counter(batchId)).toMatchObject({ open: 0, paid: 2 });
  });

  test('is held by a key, and let go by a person alone', async () => {
    const { payeeId } = await heldBatch();
    const approver = await world.person('approver');
    const byKey = await keyOf(approver);
    expect(must(await holdPayee(byKey, { payee_id: payeeId, reason: 'taken over' })).held).toBe(true);
    for (const one of [byKey, withoutFactor(approver)])
      expect(codeOf(await releasePayee(one, { payee_id: payeeId, reason: 'confirmed' }))).toBe('forbidden');
    expect((await world.results(payeeId, 'payee.release')).at(-1)).toBe('forbidden');
    const [row] = await world.sql<{ held: boolean }>('SELECT held_at IS NOT NULL AS held FROM payee WHERE id = $1', [payeeId]);
    expect(row?.held).toBe(true);
    expect(must(await releasePayee(world.as(approver), { payee_id: payeeId, reason: 'confirmed' })).held).toBe(false);
  });

  test('that is not there is refused', async () => {
    expect(codeOf(await holdPayee(world.as(await world.person('approver')), { payee_id: world.home.tenantId, reason: 'r' }))).toBe('not_found');
  });
});

describe('the list of exceptions', () => {
  test('is filtered by state, kind, batch and owner, and comes in pages', async () => {
    const made = [await doubt.doubtful(1), await doubt.doubtful(1), await doubt.doubtful(1)];
    const admin = await world.person('admin');
    const ids = async (query: object) => must(await list(world.as(admin), listExceptions.parse(query))).data.map(({ id }) => uuidOf(id));
    const newest = [...made].reverse().map(({ exceptionId }) => exceptionId);
    expect((await ids({ state: 'open', kind: 'unknown_key_expired' })).slice(0, 3)).toEqual(newest);
    const first = must(await list(world.as(admin), listExceptions.parse({ limit: 2 })));
    expect(first.has_more).toBe(true);
    expect((await ids({ limit: 2, starting_after: first.next_cursor }))[0]).toBe(newest[2]);
    await doubt.said(made[1]?.batchId ?? '', 0, 'paid', 2);
    expect(await ids({ state: 'resolved', kind: 'unknown_key_expired' })).toEqual([made[1]?.exceptionId]);
    must(await assignException(world.as(admin), { exception_id: made[0]?.exceptionId ?? '', owner_id: admin.id }));
    expect(await ids({ owner_id: `person_${admin.id.replaceAll('-', '')}` })).toEqual([made[0]?.exceptionId]);
    expect(
      refusalOf(await assignException(world.as(admin), { exception_id: made[0]?.exceptionId ?? '', owner_id: world.home.tenantId })).errors,
    ).toEqual(['owner_id no_member']);
    expect(codeOf(await assignException(world.as(admin), { exception_id: made[1]?.exceptionId ?? '', owner_id: admin.id }))).toBe(
      'exception_resolved',
    );
    const there = await world.workspace();
    const stranger = world.as(await world.person('admin', [there.tenantId]), there);
    expect(must(await list(stranger, listExceptions.parse({}))).data).toEqual([]);
  });
});

describe('what could not be used', () => {
  test('parked evidence is listed and discarded once', async () => {
    const batchId = await world.executing(tokens(1));
    await doubt.said(batchId, 0, 'returned', 9);
    const admin = world.as(await world.person('admin'));
    const [parked] = must(await listParkedEvidence(admin, { limit: 10 })).data;
    expect(parked).toMatchObject({ outcome: 'returned', reason: 'never_sent' });
    const input = { parked_evidence_id: uuidOf(parked?.id ?? ''), reason: 'a mistake of the provider' };
    must(await discardParkedEvidence(admin, input));
    expect(codeOf(await discardParkedEvidence(admin, input))).toBe('not_found');
    expect(must(await listParkedEvidence(admin, { limit: 10 })).data).toEqual([]);
  });

  test('a delivery that cannot be read is listed without its body, and discarded once', async () => {
    const [row] = await world.sql<{ id: string }>(
      `INSERT INTO inbound_event (tenant_id, id, connection_id, provider_event_id, sealed_body, problem, next_at)
       VALUES ($1, gen_random_uuid(), $2, 'evt', '\\x00', 'ZodError', now() + interval '1 hour') RETURNING id`,
      [world.home.tenantId, world.home.connectionId],
    );
    const admin = world.as(await world.person('admin'));
    const shown = must(await listDeliveries(admin, { limit: 10 })).data;
    expect(shown).toMatchObject([{ provider_event_id: 'evt', problem: 'ZodError' }]);
    expect(Object.keys(shown[0] ?? {})).not.toContain('sealed_body');
    const input = { delivery_id: row?.id ?? '', reason: 'a test event' };
    must(await discardDelivery(admin, input));
    expect(codeOf(await discardDelivery(admin, input))).toBe('not_found');
  });
});
