import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { itemIdOf } from '../../cli/find-item.js';
import { BATCH, emptyFolder, PERSON, problemOf, runSluice } from './run-sluice.js';
import { apiOf } from './scripted-api.js';

const ITEM = 'item_0198c2aa7c1e7b3d9f10a4c2e6b80d1100000003';
const ADA = { ...PERSON, api_key: null };
const EXCEPTION = {
  object: 'exception',
  id: 'exc_0198c2aa7c1e7b3d9f10a4c2e6b80d11',
  kind: 'unknown_key_expired',
  severity: 'usual',
  state: 'open',
  batch_id: 'batch_0198c2aa7c1e7b3d9f10a4c2e6b80d11',
  batch_external_id: 'june-2026',
  connection_id: null,
  item_count: 130,
  open_count: 129,
  amount: 13_000,
  open_amount: 12_900,
  currency: 'EUR',
  owner_id: PERSON.person_id,
  owner: ADA,
  created_at: '2026-01-01T00:00:00Z',
  age_seconds: 3_456_000,
  resolved_at: null,
  resolution: null,
};
const FULL = {
  ...EXCEPTION,
  meaning: 'Nobody knows whether the provider has these items.',
  next: 'Ask the provider about each item by its key.',
  choices: [{ choice: 'provider_paid', people: 2, effect: '129 items are booked as paid.' }],
  detail: {},
  known: {
    states: [{ state: 'unknown', reason: 'attempt_died', count: 129, amount: 12_900 }],
    first_sent_at: '2026-01-01T00:00:00Z',
    last_sent_at: '2026-01-01T00:00:08Z',
    rail: { name: 'sandbox', key_lives_seconds: 2_592_000, acceptance_window_seconds: 1 },
    may_fail_from: '2026-01-31T00:00:00Z',
  },
  proposals: [],
  comments: [
    {
      object: 'comment',
      id: 'comment_1',
      person_id: PERSON.person_id,
      author: { ...ADA, api_key: { id: 'key_1', name: 'bot' } },
      body: 'asked\u001b[2J',
      created_at: '2026-01-02T00:00:00Z',
    },
  ],
};
const PROPOSAL = {
  object: 'proposal',
  id: 'proposal_0198c2aa7c1e7b3d9f10a4c2e6b80d11',
  exception_id: EXCEPTION.id,
  batch_id: EXCEPTION.batch_id,
  choice: 'provider_paid',
  state: 'proposed',
  reason: 'ticket 4711',
  digest: 'ab'.repeat(32),
  item_count: 1,
  total: 100,
  proposed_by: PERSON.person_id,
  proposer: ADA,
  confirmed_by: null,
  confirmer: null,
  problem: null,
  created_at: '2026-01-02T00:00:00Z',
  ended_at: null,
};
const page = (data: unknown[]) => ({ status: 200, body: { object: 'list', data, has_more: false, next_cursor: null } });

test('help names every verb', async () => {
  const { code, stdout } = await runSluice(['exceptions', '--help']);
  expect(code).toBe(0);
  for (const verb of ['list', 'show', 'items', 'assign', 'comment', 'resolve', 'confirm', 'withdraw', 'proposal-items'])
    expect(stdout).toMatch(new RegExp(`\\n  ${verb} `));
});

describe('reading', () => {
  test('the list says how old it is and how much is open; an empty one says so', async () => {
    const { env } = await apiOf(() => page([EXCEPTION]));
    const { stdout } = await runSluice(['exceptions', 'list'], { env });
    for (const shown of ['unknown_key_expired', 'june-2026', '40 d', '129 of 130', '129.00 EUR', 'Ada Lovelace (approver)'])
      expect(stdout).toContain(shown);
    const { env: empty } = await apiOf(() => page([]));
    for (const list of [
      ['exceptions', 'list'],
      ['parked', 'list'],
      ['deliveries', 'list'],
    ])
      expect((await runSluice(list, { env: empty })).stdout).toContain('(none)');
  });

  test('one is shown with what is known, the rail’s rules and the next step, without control characters of a comment', async () => {
    const { env } = await apiOf(() => ({ status: 200, body: FULL }));
    const { stdout, stderr } = await runSluice(['exceptions', 'show', EXCEPTION.id], { env });
    for (const shown of [
      '129 unknown (attempt_died)',
      'a key lives 30 d',
      '2026-01-31T00:00:00Z',
      FULL.meaning,
      FULL.next,
      'provider_paid (2 people): 129 items are booked as paid.',
      `june-2026 (${EXCEPTION.batch_id})`,
      'Ada Lovelace (approver)',
      'Ada Lovelace (approver), key bot',
    ])
      expect(stdout).toContain(shown);
    expect(stdout).not.toContain('\u001b');
    expect(stderr).toContain('next: sluice exceptions resolve');
  });
});

describe('what to do next', () => {
  const nextOf = async (more: object) => {
    const { env } = await apiOf(() => ({ status: 200, body: { ...FULL, ...more } }));
    const { stderr } = await runSluice(['exceptions', 'show', EXCEPTION.id], { env });
    return stderr.split('\n').filter((line) => /^(next| {2}or): /.test(line));
  };
  const choices = [
    { choice: 'provider_paid', people: 2, effect: 'e' },
    { choice: 'provider_never_got', people: 2, effect: 'e' },
    { choice: 'keep_asking', people: 1, effect: 'e' },
  ];

  test('every choice of the kind is a command that can be run; what settles nothing comes first', async () => {
    const resolve = `sluice exceptions resolve ${EXCEPTION.id} --choice`;
    expect(await nextOf({ choices })).toEqual([
      `next: ${resolve} keep_asking --reason TEXT`,
      `  or: ${resolve} provider_paid --references FILE --reason TEXT   (a second person confirms it)`,
      `  or: ${resolve} provider_never_got --reason TEXT   (a second person confirms it)`,
    ]);
    expect(await nextOf({ choices: [] })).toEqual([]);
  });

  test('a proposal that is open is confirmed first; one that is closed is not', async () => {
    const closed = { ...PROPOSAL, id: 'proposal_old', state: 'withdrawn' };
    expect(await nextOf({ choices, proposals: [closed, PROPOSAL] })).toEqual([
      `next: sluice exceptions confirm ${PROPOSAL.id}   (a second person, with a code)`,
    ]);
    expect(await nextOf({ choices, proposals: [closed] })).toHaveLength(3);
  });

  test('a refusal about references names --references, and another proposal is named', async () => {
    const argv = ['exceptions', 'resolve', EXCEPTION.id, '--choice', 'provider_paid', '--reason', 'x'];
    const cwd = emptyFolder();
    writeFileSync(join(cwd, 'refs.csv'), `${ITEM},pay_1\n`);
    const errors = [{ field: 'items.0.provider_reference', reason: 'required', message: 'give it' }];
    const wrong = await apiOf(() => problemOf('invalid_request', 400, { errors }));
    expect((await runSluice([...argv, '--references', 'refs.csv'], { env: wrong.env, cwd })).stderr).toContain('--references: give it');
    const without = await runSluice([...argv, '--items', ITEM], { env: wrong.env });
    expect([without.code, without.stderr]).toEqual([2, expect.stringContaining('Give --references')]);
    expect(wrong.received.map(({ method }) => method)).toEqual(['POST']);
    const taken = await apiOf(() => problemOf('items_proposed', 409, { proposal_id: PROPOSAL.id }));
    const { stderr } = await runSluice([...argv, '--references', 'refs.csv'], { env: taken.env, cwd });
    expect(stderr).toContain(`next: sluice exceptions confirm ${PROPOSAL.id}`);
  });
});

describe('ending', () => {
  test('references come from a file, and the proposal waits for a second person', async () => {
    const { env, received } = await apiOf(() => ({ status: 201, body: PROPOSAL }));
    const cwd = emptyFolder();
    writeFileSync(join(cwd, 'refs.csv'), `item,reference\n${ITEM},pay_1\n`);
    const argv = ['exceptions', 'resolve', EXCEPTION.id, '--choice', 'provider_paid', '--reason', 'ticket 4711', '--references', 'refs.csv'];
    const { code, stderr } = await runSluice(argv, { env, cwd });
    expect(code).toBe(0);
    expect(JSON.parse(received.at(-1)?.body ?? '')).toEqual({
      choice: 'provider_paid',
      reason: 'ticket 4711',
      items: [{ id: ITEM, provider_reference: 'pay_1' }],
    });
    expect(stderr).toContain(`next: sluice exceptions confirm ${PROPOSAL.id}`);
    writeFileSync(join(cwd, 'refs.csv'), `${ITEM},\n`);
    expect((await runSluice(argv, { env, cwd })).code).toBe(2);
  });

  test('an item may be named by its number in the batch, on the command line and in the file', async () => {
    const shown = { ...EXCEPTION, batch_id: BATCH.id };
    const { env, received } = await apiOf(({ method }) => (method === 'GET' ? { status: 200, body: shown } : { status: 201, body: PROPOSAL }));
    const cwd = emptyFolder();
    writeFileSync(join(cwd, 'refs.csv'), `item,reference\n#12,pay_1\n3, pay_2\n${itemIdOf(BATCH.id, '4')},pay_3\n`);
    const argv = ['exceptions', 'resolve', EXCEPTION.id, '--reason', 'r', '--choice'];
    expect((await runSluice([...argv, 'provider_paid', '--references', 'refs.csv'], { env, cwd })).code).toBe(0);
    const sent = () => JSON.parse(received.at(-1)?.body ?? '').items;
    expect(sent()).toEqual(['12', '3', '4'].map((number, i) => ({ id: itemIdOf(BATCH.id, number), provider_reference: `pay_${i + 1}` })));
    expect((await runSluice([...argv, 'keep_asking', '--items', '#12', '3'], { env, cwd })).code).toBe(0);
    expect(sent()).toEqual(['12', '3'].map((number) => ({ id: itemIdOf(BATCH.id, number) })));
    const wrong = await runSluice([...argv, 'keep_asking', '--items', 'twelve'], { env, cwd });
    expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('twelve names no item')]);
  });

  test('what a second person confirms is shown before the code is read, and a spent code is asked for again under the same key', async () => {
    const challenge = {
      object: 'proposal_challenge',
      id: 'challenge_0198c2aa7c1e7b3d9f10a4c2e6b80d11',
      proposal_id: PROPOSAL.id,
      digest: PROPOSAL.digest,
      expires_at: '2026-01-01T00:05:00Z',
      summary: {
        ...{ kind: EXCEPTION.kind, choice: 'provider_paid', effect: '1 item is booked as paid: 1.00 EUR leave the hold.' },
        ...{ reason: 'ticket 4711', proposed_by: PERSON.person_id, proposer: ADA, batch_id: EXCEPTION.batch_id, batch_external_id: 'june-2026' },
        ...{ item_count: 1, total: 100, currency: 'EUR' },
        largest: [{ item_id: ITEM, ordinal: 3, payee_reference: 'cleo-1', payee_name: 'Cleo\u001b[2J', amount: 100, provider_reference: 'pay_1' }],
      },
    };
    let tries = 0;
    const { env, received } = await apiOf(({ path }) => {
      if (path.endsWith('/challenges')) return { status: 201, body: challenge };
      return tries++ === 0 ? problemOf('otp_step_used', 409, { retry_after_seconds: 1 }) : { status: 200, body: { ...PROPOSAL, state: 'confirmed' } };
    });
    const { code, stdout, stderr } = await runSluice(['exceptions', 'confirm', PROPOSAL.id], { env, input: '111111\n222222\n' });
    expect(code).toBe(0);
    for (const shown of [
      ...['ticket 4711', PROPOSAL.digest, `june-2026 (${EXCEPTION.batch_id})`, 'proposed by Ada Lovelace (approver)'],
      ...['what it does 1 item is booked as paid: 1.00 EUR leave the hold.', '#3 cleo-1 Cleo\\u{1b}[2J 1.00 EUR pay_1'],
    ])
      expect(stderr.replaceAll(/ +/g, ' ')).toContain(shown);
    expect(stdout).toContain('confirmed');
    const sent = received.filter(({ path }) => path.endsWith('/confirm'));
    expect(sent.map(({ body }) => JSON.parse(body).code)).toEqual(['111111', '222222']);
    expect(new Set(sent.map(({ headers }) => headers['idempotency-key'])).size).toBe(1);
  });
});

describe('who takes care of one', () => {
  const MEMBER = { object: 'person', id: PERSON.person_id, name: PERSON.name, email: 'ada@example.com', role: PERSON.role, active: true };
  const OTHER = 'person_0198c2aa7c1e7b3d9f10a4c2e6b80d99';
  const api = () =>
    apiOf(({ method, path }) => {
      if (path.startsWith('/v1/people')) return page(path.includes('email=nobody') ? [] : [MEMBER]);
      if (path === '/v1/sessions/current') return { status: 200, body: { person: MEMBER } };
      return method === 'POST' ? { status: 200, body: EXCEPTION } : page([EXCEPTION]);
    });

  test.each([
    ['me', PERSON.person_id],
    ['ada@example.com', PERSON.person_id],
    [OTHER, OTHER],
  ])('is named by %s', async (name, ownerId) => {
    const { env, received } = await api();
    const { code, stdout } = await runSluice(['exceptions', 'assign', EXCEPTION.id, name], { env });
    expect([code, JSON.parse(received.at(-1)?.body ?? '')]).toEqual([0, { owner_id: ownerId }]);
    expect(stdout).toContain('Ada Lovelace (approver)');
    expect((await runSluice(['exceptions', 'list', '--owner', name], { env })).code).toBe(0);
    expect(received.at(-1)?.path).toContain(`owner_id=${ownerId}`);
  });

  test('is nobody without a name, and an address that nobody has is refused', async () => {
    const { env, received } = await api();
    await runSluice(['exceptions', 'assign', EXCEPTION.id], { env });
    expect(JSON.parse(received.at(-1)?.body ?? '')).toEqual({ owner_id: null });
    const { code, stderr } = await runSluice(['exceptions', 'assign', EXCEPTION.id, 'nobody@example.com'], { env });
    expect([code, stderr]).toEqual([1, expect.stringContaining('next: sluice people list')]);
    expect(received.at(-1)?.method).toBe('GET');
  });

  test('is one of the people of the workspace, which are listed', async () => {
    const { env } = await api();
    const { stdout } = await runSluice(['people', 'list'], { env });
    for (const shown of [MEMBER.id, MEMBER.name, MEMBER.email, MEMBER.role]) expect(stdout).toContain(shown);
  });
});

test('items are shown by number and payee, with the id that a file of references needs', async () => {
  const item = { id: ITEM, ordinal: 3, payee_reference: 'cleo-1', amount: 100, currency: 'EUR', state: 'unknown', reason: null, resolution: null };
  const { env } = await apiOf(() => page([{ ...item, provider_reference: 'pay_1' }]));
  for (const argv of [
    ['exceptions', 'items', EXCEPTION.id],
    ['exceptions', 'proposal-items', PROPOSAL.id],
  ]) {
    const { stdout } = await runSluice(argv, { env });
    for (const shown of ['#3', 'cleo-1', '1.00 EUR', 'pay_1', ITEM]) expect(stdout).toContain(shown);
  }
});
