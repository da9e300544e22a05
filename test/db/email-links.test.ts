import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { emailLinkQueue } from '../../db/email-links.js';
import { openRelayStore } from '../../db/relay.js';
import { issueLinks } from '../../operations/email-link/issue.js';
import { systemEntropy } from '../../vault/entropy.js';
import { openWorld, type World } from '../world/open.js';
import type { Person } from '../world/people.js';
import { type Attempts, acting, openAttempts, type Statement } from './attempts.js';

jest.setTimeout(120_000);

let world: World;
let attempts: Attempts;
let owner: Person;
beforeAll(async () => {
  world = await openWorld();
  attempts = await openAttempts(world);
  owner = await world.person('owner');
});
afterAll(async () => {
  await attempts?.close();
  await world?.close();
});

const { newId } = systemEntropy;
/** The statement that says who acts. */

interface Written {
  roles?: string[];
  by?: string;
  ends?: string;
  email?: string;
}
const insert = ({ roles = ['auditor'], by = owner.id, ends = '24 hours', email = 'nina@people.example' }: Written = {}): Statement => [
  `INSERT INTO invitation (tenant_id, id, email, name, roles, token_hash, invited_by, expires_at)
   VALUES ($1, $2, $3, 'Nina', $4, '\\x00', $5, now() + $6::interval)`,
  [world.home.tenantId, newId(), email, roles, by, ends],
];

describe('links of people', () => {
  test('are reached by no process but through functions, which the API alone may call [S3-06]', async () => {
    for (const role of ['api', 'worker', 'relay', 'sequencer'] as const)
      for (const statement of ['SELECT 1 FROM email_link', 'DELETE FROM email_link', 'UPDATE email_link SET used_at = NULL'])
        expect(await attempts.attempt(role, [statement])).toMatch(/permission denied/);
    for (const statement of [
      `SELECT sluice_ask_email_link('${newId()}', '${newId()}', 'password_reset', 'r')`,
      'SELECT * FROM sluice_asked_email_links(1)',
      `SELECT sluice_issue_email_link('${newId()}', '\\x00')`,
      `SELECT * FROM sluice_email_link_of('\\x00', 'password_reset')`,
      `SELECT sluice_use_email_link('\\x00', 'password_reset')`,
      `SELECT * FROM sluice_invitation_of('\\x00')`,
      `SELECT sluice_accept_invitation('\\x00', '${newId()}', 'x', 'y', NULL, NULL, NULL)`,
    ])
      for (const role of ['worker', 'relay', 'sequencer'] as const) expect(await attempts.attempt(role, [statement])).toMatch(/permission denied/);
  });

  test('are used by their person alone', async () => {
    const hash = systemEntropy.bytes(32);
    const person = await world.person('approver');
    const stranger = await world.person('approver');
    const made = await world.as(person).inTenant((stores) => stores.emailLinks.issue({ id: newId(), purpose: 'email_verification', hash }));
    expect(made).toBe(true);
    const use = (who: Person) => world.as(who).inTenant((stores) => stores.emailLinks.use(hash, 'email_verification'));
    expect([await use(stranger), await use(person), await use(person)]).toEqual([false, true, false]);
  });

  test('that were asked for get one letter each, whoever writes them', async () => {
    const people = await Promise.all(Array.from({ length: 20 }, () => world.person('approver')));
    const queues = [emailLinkQueue(world.pool('api')), emailLinkQueue(world.pool('api'))];
    const [first] = queues;
    for (const { id } of people) await first?.ask({ id: newId(), personId: id, purpose: 'password_reset', requestId: 'r' });
    await world.sql('DELETE FROM mail_message');
    for (let found = 1; found > 0; ) {
      const counts = await Promise.all(queues.map((queue) => issueLinks(queue, world.services, () => new Date())));
      found = counts.reduce((sum, count) => sum + count, 0);
    }
    expect(await world.sql('SELECT 1 FROM mail_message')).toHaveLength(people.length);
  });
});

describe('invitations, to the database', () => {
  test('are of who acts, to roles that they may give, and for a day', async () => {
    const viewer = await world.person('viewer');
    const admin = await world.person('admin');
    expect(await attempts.attempt('api', acting(owner), insert())).toBeNull();
    expect(await attempts.attempt('api', acting(admin), insert({ by: admin.id, roles: ['owner'] }))).toMatch(/beyond what they hold/);
    expect(await attempts.attempt('api', acting(viewer), insert({ by: viewer.id, roles: ['viewer'] }))).toMatch(/beyond what they hold/);
    expect(await attempts.attempt('api', acting(viewer), insert({ by: owner.id }))).toMatch(/beyond what they hold/);
    expect(await attempts.attempt('api', insert())).toMatch(/beyond what they hold/);
    expect(await attempts.attempt('api', acting(owner), insert({ ends: '25 hours' }))).toMatch(/within a day/);
  });

  test('are withdrawn by who manages people, and not changed otherwise', async () => {
    await world.sql(...insert({ email: 'kept@people.example' }));
    const viewer = await world.person('viewer');
    const change = (what: string): Statement => [`UPDATE invitation SET ${what} WHERE email = 'kept@people.example'`];
    expect(await attempts.attempt('api', acting(owner), change('revoked_at = now()'))).toBeNull();
    expect(await attempts.attempt('api', acting(viewer), change('revoked_at = now()'))).toMatch(/holds people.manage/);
    for (const what of [`roles = '{owner}'`, `token_hash = '\\x01'`, 'accepted_at = now()', `expires_at = now() + interval '1 year'`])
      expect(await attempts.attempt('api', acting(owner), change(what))).toMatch(/nothing else of it changes/);
    expect(await attempts.attempt('api', acting(owner), change(`email = 'x@people.example'`))).toMatch(/permission denied/);
  });

  test('of another id have another token, whoever writes them: who has one keeps none for what SQL makes of it', async () => {
    await world.sql(...insert({ email: 'again@people.example' }));
    const change = (set: string): Statement => [`UPDATE invitation SET id = gen_random_uuid(), ${set} WHERE email = 'again@people.example'`];
    for (const role of ['api', 'owner'] as const) {
      expect(await attempts.attempt(role, acting(owner), change(`roles = '{admin}'`))).toMatch(/another token/);
      expect(await attempts.attempt(role, acting(owner), change(`roles = '{admin}', token_hash = '\\x01'`))).toBeNull();
    }
  });

  describe('of operators', () => {
    const first = (
      by: string,
      { roles = ['owner'], tenantId, email = 'olu@people.example' }: { roles?: string[]; tenantId: string; email?: string },
    ) =>
      [
        `INSERT INTO invitation (tenant_id, id, email, name, roles, token_hash, invited_by_operator, expires_at)
         VALUES ($1, $2, $3, 'Olu', $4, '\\x00', $5, now() + interval '24 hours')`,
        [tenantId, newId(), email, roles, by],
      ] satisfies Statement;
    const into = (tenantId: string): Statement => [`SELECT set_config('app.tenant_id', $1, true)`, [tenantId]];

    test('are to owners, by operators, and never into a tenant that has people', async () => {
      const { id } = await world.operator();
      const { tenantId } = await world.workspace();
      expect(await attempts.attempt('api', into(tenantId), first(id, { tenantId }))).toBeNull();
      expect(await attempts.attempt('api', into(tenantId), first(id, { tenantId, roles: ['admin'] }))).toMatch(/the first owner alone/);
      expect(await attempts.attempt('api', into(tenantId), acting(owner), first(id, { tenantId }))).toMatch(/the first owner alone/);
      expect(await attempts.attempt('api', into(tenantId), first(newId(), { tenantId }))).toMatch(/the first owner alone/);
      expect(await attempts.attempt('api', first(id, { tenantId: world.home.tenantId }))).toMatch(/the first owner alone/);
      const gone = await world.operator();
      await world.sql('UPDATE operator_key SET revoked_at = now() WHERE operator_id = $1', [gone.id]);
      expect(await attempts.attempt('api', into(tenantId), first(gone.id, { tenantId }))).toMatch(/the first owner alone/);
    });

    test('are one at a time, name one who invites, and are not made out of those of people', async () => {
      const { id } = await world.operator();
      const { tenantId } = await world.workspace();
      const twice = [first(id, { tenantId }), first(id, { tenantId, email: 'eve@people.example' })];
      expect(await attempts.attempt('api', into(tenantId), ...twice)).toMatch(/invitation_first_owner_idx/);
      const both = `INSERT INTO invitation (tenant_id, id, email, name, roles, token_hash, invited_by, invited_by_operator, expires_at)
        VALUES ($1, $2, 'olu@people.example', 'Olu', '{owner}', '\\x00', $3, $4, now() + interval '24 hours')`;
      expect(await attempts.attempt('api', into(tenantId), [both, [tenantId, newId(), owner.id, id]])).toMatch(/invitation_by_one/);
      await world.sql(...insert({ email: 'theirs@people.example' }));
      const taken = `UPDATE invitation SET invited_by = NULL, invited_by_operator = $1 WHERE email = 'theirs@people.example'`;
      expect(await attempts.attempt('api', [taken, [id]])).toMatch(/nothing else of it changes/);
      expect(await attempts.attempt('api', [`UPDATE invitation SET revoked_at = now() WHERE email = 'theirs@people.example'`])).toMatch(
        /holds people.manage/,
      );
    });
  });

  test('show nobody the hash of a token, and are of their workspace alone', async () => {
    expect(await attempts.attempt('api', ['SELECT token_hash FROM invitation'])).toMatch(/permission denied/);
    for (const role of ['worker', 'relay', 'sequencer'] as const)
      expect(await attempts.attempt(role, ['SELECT id FROM invitation'])).toMatch(/permission denied/);
  });

  test('are accepted by who acts, in their own workspace, while the inviter may give the roles', async () => {
    const hash = Buffer.from(systemEntropy.bytes(32));
    await world.sql(...insert({ email: 'taken@people.example' }));
    await world.sql(`UPDATE invitation SET token_hash = $1 WHERE email = 'taken@people.example'`, [hash]);
    const [who, other] = [newId(), newId()];
    const accept = (as: string) => ({ personId: as, name: 'Nina', passwordHash: 'x' });
    const SEAL = { eventId: newId(), authenticator: systemEntropy.bytes(32) };
    const { tenantId } = await world.workspace();
    const link = (personId: string) => ({ type: 'email_link', linkId: newId(), personId }) as const;
    expect(await world.as(link(who), { tenantId }).inTenant((stores) => stores.invitations.accept(hash, accept(who), SEAL))).toBe('gone');
    await expect(world.as(link(other)).inTenant((stores) => stores.invitations.accept(hash, accept(who), SEAL))).rejects.toThrow(
      /accepted by who acts/,
    );
    await world.sql(`UPDATE invitation SET invited_by = $1 WHERE email = 'taken@people.example'`, [(await world.person('viewer')).id]);
    expect(await world.as(link(who)).inTenant((stores) => stores.invitations.accept(hash, accept(who), SEAL))).toBe('inviter');
    expect(await world.sql('SELECT 1 FROM person WHERE id = $1', [who])).toEqual([]);
  });
});

test('what ended long ago is forgotten, by the relay alone', async () => {
  const relay = openRelayStore(world.database.urls.relay);
  try {
    const [old, young] = [newId(), newId()];
    for (const [id, age] of [
      [old, '49 hours'],
      [young, '47 hours'],
    ] as const)
      await world.sql(
        `INSERT INTO email_link (id, purpose, person_id, request_id, asked_at) VALUES ($1, 'password_reset', $1, 'r', now() - $2::interval)`,
        [id, age],
      );
    await world.sql(...insert({ email: 'old@people.example', ends: '-31 days' }));
    await world.sql(...insert({ email: 'young@people.example', ends: '-29 days' }));
    expect(await relay.pruneLinks(100)).toBe(2);
    expect(await world.sql('SELECT id FROM email_link WHERE id = ANY ($1)', [[old, young]])).toEqual([{ id: young }]);
    expect(await world.sql(`SELECT email FROM invitation WHERE email IN ('old@people.example', 'young@people.example')`)).toEqual([
      { email: 'young@people.example' },
    ]);
  } finally {
    await relay.close();
  }
  for (const role of ['api', 'worker', 'sequencer'] as const)
    expect(await attempts.attempt(role, ['SELECT sluice_prune_email_links(1)'])).toMatch(/permission denied/);
});
