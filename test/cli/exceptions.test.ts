import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { itemIdOf } from '../../cli/find-item.js';
import { BATCH, emptyFolder, PERSON, problemOf, runSluice } from './run-sluice.js';
import { type Answer, apiOf } from './scripted-api.js';

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
const itemAt = (ordinal: number, more: object = {}) => ({
  ...{ object: 'exception_item', id: itemIdOf(BATCH.id, String(ordinal)), ordinal, payee_reference: `cr-${ordinal}`, amount: 100 * (ordinal + 1) },
  ...{ currency: 'EUR', state: 'unknown', reason: null, provider_reference: null, resolution: null },
  ...more,
});
const page = (data: unknown[]) => ({ status: 200, body: { object: 'list', data, has_more: false, next_cursor: null } });

/** An API with one exception, these items of it, and an answer to a proposal. */
const proposingTo = (items: unknown[], answer: Answer = { status: 201, body: PROPOSAL }) =>
  apiOf(({ method, path }) => {
    if (method === 'POST') return answer;
    return path.includes('/items') ? page(items) : { status: 200, body: FULL };
  });
const sentTo = ({ received }: Awaited<ReturnType<typeof apiOf>>) =>
  received.filter(({ method }) => method === 'POST').map(({ body }) => JSON.parse(body));

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
    const proposers = 'somebody who may: an approver, an authorizer, an executor or an admin';
    expect(await nextOf({ choices })).toEqual([
      `next: ${resolve} keep_asking --reason TEXT   (${proposers})`,
      `  or: ${resolve} provider_paid --references FILE --reason TEXT   (a second person confirms it; ${proposers})`,
      `  or: ${resolve} provider_never_got --reason TEXT   (a second person confirms it; ${proposers})`,
    ]);
    expect(await nextOf({ choices: [] })).toEqual([]);
  });

  test('a proposal that is open is confirmed first; one that is closed is not', async () => {
    const closed = { ...PROPOSAL, id: 'proposal_old', state: 'withdrawn' };
    expect(await nextOf({ choices, proposals: [closed, PROPOSAL] })).toEqual([
      `next: sluice exceptions confirm ${PROPOSAL.id}   (a second person, with a code; somebody who may: an approver, an authorizer or an admin)`,
    ]);
    expect(await nextOf({ choices, proposals: [closed] })).toHaveLength(3);
  });

  test('a refusal about references names the line of the file, and another proposal is named', async () => {
    const argv = ['exceptions', 'resolve', EXCEPTION.id, '--choice', 'provider_paid', '--reason', 'x'];
    const cwd = emptyFolder();
    writeFileSync(join(cwd, 'refs.csv'), `${ITEM},pay_1\n`);
    const errors = [{ field: 'items.0.provider_reference', reason: 'required', message: 'give it' }];
    const wrong = await proposingTo([itemAt(3)], problemOf('invalid_request', 400, { errors }));
    expect((await runSluice([...argv, '--references', 'refs.csv'], { env: wrong.env, cwd })).stderr).toContain(
      `refs.csv, line 1, item ${ITEM}: give it`,
    );
    const without = await runSluice([...argv, '--items', ITEM], { env: wrong.env });
    expect([without.code, without.stderr]).toEqual([2, expect.stringContaining('Give --references')]);
    expect(sentTo(wrong)).toHaveLength(1);
    const taken = await proposingTo([itemAt(3)], problemOf('items_proposed', 409, { proposal_id: PROPOSAL.id }));
    const { stderr } = await runSluice([...argv, '--references', 'refs.csv'], { env: taken.env, cwd });
    expect(stderr).toContain(`next: sluice exceptions confirm ${PROPOSAL.id}`);
  });
});

describe('ending', () => {
  const paying = ['exceptions', 'resolve', EXCEPTION.id, '--choice', 'provider_paid', '--reason', 'ticket 4711', '--references', 'refs.csv'];

  /** Runs it with this file, against an API that has items 0 to 4 in doubt. */
  const withFile = async (text: string, more: string[] = []) => {
    const cwd = emptyFolder();
    writeFileSync(join(cwd, 'refs.csv'), text);
    const api = await proposingTo([0, 1, 2, 3, 4].map((ordinal) => itemAt(ordinal)));
    const ran = await runSluice([...paying, ...more], { env: api.env, cwd });
    return { ...ran, sent: sentTo(api)[0]?.items as { id: string; provider_reference: string }[] | undefined };
  };
  const given = (...pairs: [number, string][]) =>
    pairs.map(([ordinal, reference]) => ({ id: itemIdOf(BATCH.id, String(ordinal)), provider_reference: reference }));

  test.each([
    ['a header', 'item,reference\n0,pay_0\n1,pay_1\n'],
    ['no header', '0,pay_0\n1,pay_1'],
    ['quoted cells in the first line', '"0","pay_0"\r\n"1","pay_1"\r\n'],
    ['a byte order mark and semicolons', '\ufeffItem;Reference\n0;pay_0\n\n1;pay_1;\n'],
    ['tabs, a line for Excel and ids', `sep=\t\n#0\tpay_0\n${itemIdOf(BATCH.id, '1')}\tpay_1\n`],
  ])('references come from a file with %s, and the proposal waits for a second person', async (_form, text) => {
    const { code, sent, stderr } = await withFile(text);
    expect([code, sent]).toEqual([0, given([0, 'pay_0'], [1, 'pay_1'])]);
    expect(stderr).toContain(`next: sluice exceptions confirm ${PROPOSAL.id}`);
  });

  test.each([
    ['a first line that is no item and no header', 'O,pay_0\n1,pay_1\n', 'refs.csv, line 1: O is no item'],
    ['another header', 'number,reference\n1,pay_1\n', 'refs.csv, line 1: number is no item'],
    ['a line without a reference', '0,pay_0\n\n1,\n', 'refs.csv, line 3: write item,reference'],
    ['a reference with a separator', '0,pay,0\n', 'refs.csv, line 1: write item,reference and no more'],
    [
      'one reference for two items',
      '0,pay_x\n1,pay_x\n',
      'refs.csv, line 2: pay_x is given for item 0 already; a provider names each payment otherwise',
    ],
    ['an item twice', 'item,reference\n0,pay_0\n#0,pay_1\n', 'refs.csv, line 3: item #0 is named at refs.csv, line 2 already'],
    ['an item that is not in doubt', '0,pay_0\n7,pay_7\n', 'refs.csv, line 2: item 7 is not in doubt in this exception'],
    ['a quote without its pair', '0,pay_0\n1,"pay_1\n', 'refs.csv, line'],
    ['nothing', 'item,reference\n', 'refs.csv names no item'],
  ])('a file with %s is refused, and nothing is sent', async (_form, text, message) => {
    const { code, sent, stderr } = await withFile(text);
    expect([code, sent, stderr]).toEqual([2, undefined, expect.stringContaining(message)]);
  });

  test('items beside a file are refused unless they are the same', async () => {
    const other = await withFile('0,pay_0\n1,pay_1\n', ['--items', '1', '2']);
    expect([other.code, other.sent]).toEqual([2, undefined]);
    expect(other.stderr).toContain('only the file names 0, only --items names 2. Leave --items out');
    const same = await withFile('0,pay_0\n1,pay_1\n', ['--items', '#1', '0']);
    expect([same.code, same.sent]).toEqual([0, given([0, 'pay_0'], [1, 'pay_1'])]);
  });

  test('what is proposed is shown with items, payees and amounts, before and after it is sent', async () => {
    const items = Array.from({ length: 12 }, (_, ordinal) => itemAt(ordinal));
    const api = await proposingTo(items);
    const { stdout, stderr } = await runSluice(['exceptions', 'resolve', EXCEPTION.id, '--choice', 'keep_asking', '--reason', 'r'], { env: api.env });
    expect(sentTo(api)[0]).not.toHaveProperty('items');
    for (const said of [stderr, stdout].map((text) => text.replaceAll(/ +/g, ' '))) {
      for (const shown of ['items 12', 'total 78.00 EUR', 'The 10 largest:', '#11 cr-11 12.00 EUR', '#2 cr-2 3.00 EUR'])
        expect(said).toContain(shown);
      expect(said).not.toContain('cr-1 ');
    }
    const failed = await proposingTo(items, problemOf('too_early', 409));
    expect((await runSluice(paying.slice(0, -2).with(4, 'provider_never_got'), { env: failed.env })).stderr).toContain('#11');
  });

  test('an item may be named by its number in the batch or its id', async () => {
    const api = await proposingTo([itemAt(3), itemAt(12)]);
    const argv = ['exceptions', 'resolve', EXCEPTION.id, '--reason', 'r', '--choice', 'keep_asking', '--items'];
    expect((await runSluice([...argv, '#12', '3'], { env: api.env })).code).toBe(0);
    expect(sentTo(api)[0]?.items).toEqual(['12', '3'].map((number) => ({ id: itemIdOf(BATCH.id, number) })));
  });

  test('a name that is no item, or none in doubt, is refused by that name', async () => {
    const api = await proposingTo([itemAt(3)]);
    const argv = ['exceptions', 'resolve', EXCEPTION.id, '--reason', 'r', '--choice', 'keep_asking', '--items'];
    const wrong = await runSluice([...argv, 'twelve'], { env: api.env });
    expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('twelve names no item')]);
    const settled = await runSluice([...argv, '4'], { env: api.env });
    expect([settled.code, settled.stderr]).toEqual([2, expect.stringContaining('--items: item 4 is not in doubt')]);
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
  const MEMBER = {
    object: 'person',
    id: PERSON.person_id,
    name: PERSON.name,
    email: 'ada@example.com',
    roles: PERSON.roles,
    active: true,
    email_verified: true,
  };
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
    for (const shown of [MEMBER.id, MEMBER.name, MEMBER.email, ...MEMBER.roles]) expect(stdout).toContain(shown);
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
