import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { toWireId } from '../../domain/ids.js';
import type { PlatformContext } from '../../operations/context.js';
import { acceptInvitation } from '../../operations/invitation/accept.js';
import { createInvitation } from '../../operations/invitation/create.js';
import { sealMembership } from '../../operations/membership/seal.js';
import { createTenant, type WireOrganization } from '../../operations/tenant/create.js';
import { inviteOwner } from '../../operations/tenant/invite-owner.js';
import { until } from '../harness/until.js';
import { lettersTo } from '../world/letters.js';
import { lockWaiters } from '../world/lock-waiters.js';
import { openWorld, type World } from '../world/open.js';
import type { Operator } from '../world/operators.js';
import { codeOf, must, uuidOf } from '../world/wire.js';

jest.setTimeout(120_000);

let world: World;
let ada: Operator;
let ben: Operator;
beforeAll(async () => {
  world = await openWorld();
  [ada, ben] = [await world.operator(), await world.operator()];
});
afterAll(() => world?.close());
beforeEach(() => world.sql('DELETE FROM mail_message'));

const newPassword = () => randomBytes(12).toString('base64url');
const newAddress = () => `${world.services.entropy.newId()}@people.example`;
const platform = ({ actor } = ada): PlatformContext => ({ ...world.publicContext(), operator: actor });
const create = async (email: string, key = newPassword()): Promise<WireOrganization> =>
  must(await createTenant(platform(), { name: 'Corner Shop', plan: 'team', owner: { email, name: 'Olu' }, key }));
const workspaceIn = ({ workspaces }: WireOrganization, mode: 'live' | 'test'): string =>
  uuidOf(workspaces.find((one) => one.mode === mode)?.id ?? '');
const again = (tenantId: string, email: string, who = ada) => inviteOwner(world.as(who.actor, { tenantId }), { email, name: 'Olu' });
/** The tokens of the letters to an address, the oldest first, by the workspace that they are for. */
const tokensTo = async (email: string): Promise<{ workspace: string; inviter: string; token: string }[]> =>
  (await lettersTo(world, email)).flatMap((letter) => (letter.template === 'invitation' ? [letter.params] : []));
const tokenTo = async (email: string, mode: 'live' | 'test'): Promise<string> =>
  (await tokensTo(email)).filter(({ workspace }) => workspace.endsWith(mode)).at(-1)?.token ?? '';
const accept = (token: string, password = newPassword()) => acceptInvitation(world.publicContext(), { token, password });
const membersOf = (tenantId: string) => world.sqlIn<{ roles: string[] }>(tenantId, 'SELECT roles FROM membership WHERE tenant_id = $1', [tenantId]);

describe('a new tenant', () => {
  test('invites its first owner to both workspaces by a letter each, which the log ascribes to the operator [S1-31]', async () => {
    const email = newAddress();
    const made = await create(email.toUpperCase());
    const letters = await tokensTo(email);
    expect(letters.map(({ workspace, inviter }) => [workspace, inviter]).sort()).toEqual([
      ['Corner Shop live', 'Ops, an operator of the platform'],
      ['Corner Shop test', 'Ops, an operator of the platform'],
    ]);
    const [live, sandbox] = [workspaceIn(made, 'live'), workspaceIn(made, 'test')];
    for (const tenantId of [live, sandbox]) {
      expect(await world.audited('invitation.create', tenantId)).toMatchObject([{ result: 'ok', actor: { type: 'operator', operatorId: ada.id } }]);
      const rows = await world.everyRow(tenantId);
      for (const { token } of letters) expect(rows.includes(token)).toBe(false);
    }
    const password = newPassword();
    const first = must(await accept(await tokenTo(email, 'live'), password));
    expect(first).toMatchObject({ new_account: true, workspace: { id: toWireId('workspace', live) }, person: { email, roles: ['owner'] } });
    const second = must(await accept(await tokenTo(email, 'test'), password));
    expect(second).toMatchObject({
      new_account: false,
      workspace: { id: toWireId('workspace', sandbox) },
      person: { id: first.person.id, roles: ['owner'] },
    });
    const [event] = await world.sqlIn<{ by: string }>(
      live,
      `SELECT detail ->> 'invited_by' AS by FROM audit_event WHERE tenant_id = $1 AND action = 'person.join'`,
      [live],
    );
    expect(event?.by).toBe(toWireId('operator', ada.id));
  });

  test('has an owner once, of 64 who accept at once', async () => {
    const email = newAddress();
    const made = await create(email);
    const token = await tokenTo(email, 'live');
    const answers = await Promise.all(Array.from({ length: 64 }, () => accept(token)));
    expect(answers.map(codeOf).sort()).toEqual([...Array(63).fill('link_not_valid'), 'ok']);
    expect(await membersOf(workspaceIn(made, 'live'))).toEqual([{ roles: ['owner'] }]);
  });

  test('sends no second letter when its request is repeated, and takes no other address then', async () => {
    const [email, key] = [newAddress(), newPassword()];
    const made = await create(email, key);
    expect(await create(email, key)).toEqual(made);
    expect(await tokensTo(email)).toHaveLength(2);
    const other = newAddress();
    expect(codeOf(await createTenant(platform(), { name: 'Corner Shop', plan: 'team', owner: { email: other, name: 'Eve' }, key }))).toBe(
      'idempotency_key_reused',
    );
    expect(await tokensTo(other)).toEqual([]);
  });
});

describe('another letter to the first owner', () => {
  test.each(['the same address', 'another one'] as const)('to %s makes the earlier link void', async (whom) => {
    const email = newAddress();
    const tenantId = workspaceIn(await create(email), 'live');
    const earlier = await tokenTo(email, 'live');
    const to = whom === 'another one' ? newAddress() : email;
    expect(must(await again(tenantId, to, ben))).toMatchObject({ email: to, roles: ['owner'], invited_by: { person_id: null, name: 'Ops' } });
    expect(codeOf(await accept(earlier))).toBe('link_not_valid');
    expect(codeOf(await accept(await tokenTo(to, 'live')))).toBe('ok');
    expect(await membersOf(tenantId)).toHaveLength(1);
  });

  test('takes the place of one that has expired', async () => {
    const email = newAddress();
    const tenantId = workspaceIn(await create(email), 'live');
    await world.sqlIn(tenantId, 'UPDATE invitation SET expires_at = now() WHERE tenant_id = $1', [tenantId]);
    expect(codeOf(await accept(await tokenTo(email, 'live')))).toBe('link_not_valid');
    const other = newAddress();
    must(await again(tenantId, other));
    expect(codeOf(await accept(await tokenTo(other, 'live')))).toBe('ok');
  });

  test('is not sent once somebody works for the tenant, also after they were disabled, and the attempt stands in the log', async () => {
    const email = newAddress();
    const made = await create(email);
    const [live, sandbox] = [workspaceIn(made, 'live'), workspaceIn(made, 'test')];
    must(await accept(await tokenTo(email, 'live')));
    for (const tenantId of [live, sandbox]) expect(codeOf(await again(tenantId, newAddress(), ben))).toBe('tenant_has_people');
    expect(codeOf(await again(live, email))).toBe('tenant_has_people');
    expect((await world.audited('invitation.create', live)).at(-1)).toMatchObject({ result: 'tenant_has_people', actor: { operatorId: ada.id } });
    await world.sql('UPDATE person SET disabled_at = now() WHERE email = $1', [email]);
    for (const tenantId of [live, sandbox]) expect(codeOf(await again(tenantId, newAddress()))).toBe('tenant_has_people');
    expect(codeOf(await again(sandbox, email))).toBe('tenant_has_people');
  });

  test('is sent to an owner of the one workspace for the other, which nobody works in yet', async () => {
    const email = newAddress();
    const made = await create(email);
    const password = newPassword();
    must(await accept(await tokenTo(email, 'live'), password));
    must(await again(workspaceIn(made, 'test'), email));
    expect(codeOf(await accept(await tokenTo(email, 'test'), password))).toBe('ok');
  });

  test('is asked for by operators alone', async () => {
    const { tenantId } = await world.workspace();
    const person = await world.person('admin', [tenantId]);
    expect(codeOf(await inviteOwner(world.as(person, { tenantId }), { email: newAddress(), name: 'Eve' }))).toBe('forbidden');
  });
});

test('of two addresses that are invited to the two workspaces, the second waits for the first, and is not let in', async () => {
  const [olu, eve] = [newAddress(), newAddress()];
  const made = await create(olu);
  must(await again(workspaceIn(made, 'test'), eve));
  const [live, sandbox] = [await tokenTo(olu, 'live'), await tokenTo(eve, 'test')];
  const [who, tenantId] = [world.services.entropy.newId(), workspaceIn(made, 'live')];
  const hash = world.hashOfToken(live);
  let second = Promise.resolve('not yet');
  const first = await world.as({ type: 'email_link', linkId: who, personId: who }, { tenantId }).inTenant(async (stores) => {
    const eventId = stores.audit.newId();
    const said = { tenantId, personId: who, roles: ['owner'], disabled: false, eventId };
    const seal = sealMembership(world.services.membershipKey, said);
    const became = await stores.invitations.accept(hash, { personId: who, name: 'Olu', passwordHash: 'x' }, seal);
    let ended = false;
    second = accept(sandbox).then(codeOf);
    void second.then(() => {
      ended = true;
    });
    await until('the second is refused or waits', async () => (ended || (await lockWaiters(world)) > 0 ? true : undefined));
    const subject = { type: 'person', id: who } as const;
    await stores.audit.append({ id: eventId, subject, action: 'person.join', result: 'ok', detail: {} });
    return became;
  });
  expect([first, await second]).toEqual(['accepted', 'inviter_not_permitted']);
});

test('whoever is no operator any more lets nobody in', async () => {
  const gone = await world.operator();
  const email = newAddress();
  const tenantId = workspaceIn(await create(newAddress()), 'live');
  must(await again(tenantId, email, gone));
  await world.sql('UPDATE operator_key SET revoked_at = now() WHERE operator_id = $1', [gone.id]);
  expect(codeOf(await accept(await tokenTo(email, 'live')))).toBe('inviter_not_permitted');
  expect(await membersOf(tenantId)).toEqual([]);
});

test('a first owner invites others as ever, and their invitation takes the place of an operator’s to the same address', async () => {
  const [olu, nina] = [newAddress(), newAddress()];
  const tenantId = workspaceIn(await create(nina), 'live');
  must(await again(tenantId, olu));
  const { person } = must(await accept(await tokenTo(olu, 'live')));
  const owner = world.as(
    {
      ...{ type: 'user', personId: uuidOf(person.id), sessionId: world.services.entropy.newId(), roles: ['owner'] },
      permissions: ['people.manage', 'roles.manage', 'batches.read', 'payees.read', 'ledger.read', 'sessions.own'],
    },
    { tenantId },
  );
  const invited = must(await createInvitation(owner, { email: nina, name: 'Nina', roles: ['viewer'] }));
  expect(invited.invited_by).toEqual({ person_id: person.id, name: person.name });
  expect(must(await accept(await tokenTo(nina, 'live'))).person.roles).toEqual(['viewer']);
});
