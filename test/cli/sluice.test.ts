import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { BATCH, CHALLENGE, emptyFolder, PERSON, problemOf, runSluice } from './run-sluice.js';
import { apiOf } from './scripted-api.js';

describe('help and usage', () => {
  test('help names every command, on standard output, and exits 0', async () => {
    const { code, stdout, stderr } = await runSluice(['--help']);
    expect([code, stderr]).toEqual([0, '']);
    for (const command of [
      'login',
      'logout',
      'whoami',
      'batch',
      'payee',
      'exceptions',
      'parked',
      'deliveries',
      'ledger',
      'keys',
      'audit',
      'evidence',
      'doctor',
      'open',
    ])
      expect(stdout).toContain(`\n  ${command}`);
    const batch = await runSluice(['batch', '--help']);
    const verbs = [
      'create',
      'list',
      'show',
      'items',
      'edit',
      'submit',
      'approve',
      'authorize',
      'execute',
      'reject',
      'cancel',
      'pause',
      'resume',
      'watch',
      'evidence',
    ];
    for (const verb of verbs) expect(batch.stdout).toMatch(new RegExp(`\\n  ${verb} `));
  });

  test.each([
    ['an unknown command', ['pay']],
    ['an unknown option', ['batch', 'approve', 'x', '--code', '123456']],
    ['a missing argument', ['batch', 'show']],
    ['a missing reason', ['batch', 'reject', 'batch_1']],
    ['a file that is not there', ['batch', 'create', 'nothing.csv']],
    ['an offline check without a key', ['audit', 'verify', '--export', 'package.json']],
    ['evidence without a key', ['evidence', 'verify', 'package.json']],
  ])('%s exits 2 and writes nothing to standard output', async (_name, argv) => {
    const cwd = emptyFolder();
    writeFileSync(join(cwd, 'package.json'), '');
    const { code, stdout, stderr } = await runSluice(argv, { cwd, env: { SLUICE_URL: 'http://127.0.0.1:9', SLUICE_API_KEY: 'k' } });
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).not.toBe('');
  });

  test('nobody signed in exits 4 and says how', async () => {
    const { code, stderr } = await runSluice(['batch', 'list'], { env: { SLUICE_URL: 'http://127.0.0.1:9' } });
    expect(code).toBe(4);
    expect(stderr).toContain('sluice login');
  });

  test('an ended session exits 4, a refusal exits 1, with code and request id', async () => {
    const ended = await apiOf(() => problemOf('session_expired', 401));
    expect((await runSluice(['batch', 'list'], { env: ended.env })).code).toBe(4);
    const refused = await apiOf(() => problemOf('wrong_state', 409, { state: 'completed' }));
    const { code, stderr } = await runSluice(['batch', 'pause', BATCH.id], { env: refused.env });
    expect([code, stderr.includes('wrong_state, request req_1')]).toEqual([1, true]);
    const json = await runSluice(['--json', 'batch', 'pause', BATCH.id], { env: refused.env });
    expect(JSON.parse(json.stdout)).toMatchObject({ code: 'wrong_state', state: 'completed' });
  });
});

describe('--json of what the command line refuses by itself', () => {
  test.each([
    ['no batch of that name', ['batch', 'show', 'nope'], 1, 'not_found', 'There is no batch with the id or external id nope.'],
    ['no payee of that name', ['payee', 'show', 'nope'], 1, 'not_found', 'There is no payee with the id or reference nope.'],
    ['a file that is not there', ['batch', 'create', 'nope.csv'], 2, 'invalid_request', 'There is no file nope.csv.'],
    ['an unknown option', ['batch', 'list', '--nope'], 2, 'invalid_request', "unknown option '--nope'"],
    ['a profile that is not there', ['--profile', 'nope', 'batch', 'list'], 4, 'unauthenticated', 'There is no profile nope.'],
    ['an API that is not there', ['--url', 'http://127.0.0.1:1', 'doctor'], 1, null, ''],
  ])('%s is a problem document on standard output', async (_name, argv, exits, problem, detail) => {
    const { env } = await apiOf(() => ({ status: 200, body: { data: [] } }));
    const { code, stdout } = await runSluice(['--json', ...argv], { env });
    expect(code).toBe(exits);
    const said = JSON.parse(stdout);
    if (problem !== null) expect(said).toMatchObject({ code: problem, detail, title: expect.any(String), status: expect.any(Number) });
  });

  test('a command that has printed its answer prints no problem after it', async () => {
    const { env } = await apiOf(({ path }) =>
      path.endsWith('/events') ? { events: 'event: end\ndata: {}\n\n' } : { status: 200, body: { ...BATCH, state: 'failed' } },
    );
    const { code, stdout } = await runSluice(['--json', 'batch', 'watch', BATCH.id], { env });
    expect([code, JSON.parse(stdout)]).toEqual([1, { event: 'end', id: null, data: {} }]);
  });
});

describe('data and messages', () => {
  test('--json is the resource itself and nothing else on standard output', async () => {
    const { env } = await apiOf(() => ({ status: 200, body: BATCH }));
    const { code, stdout } = await runSluice(['--json', 'batch', 'show', BATCH.id], { env });
    expect([code, JSON.parse(stdout)]).toEqual([0, BATCH]);
  });

  test('for people: grouped money, the next step on standard error', async () => {
    const { env } = await apiOf(() => ({ status: 200, body: BATCH }));
    const { stdout, stderr } = await runSluice(['batch', 'show', BATCH.id], { env });
    expect(stdout).toContain('12,345.67 EUR');
    expect(stderr).toContain(`sluice batch approve ${BATCH.id}`);
  });

  test('an external id finds its batch', async () => {
    const { env, received } = await apiOf(({ path }) =>
      path.includes('external_id=june') ? { status: 200, body: { data: [BATCH] } } : { status: 200, body: BATCH },
    );
    expect((await runSluice(['batch', 'show', 'june'], { env })).code).toBe(0);
    expect(received.at(-1)?.path).toBe(`/v1/payout-batches/${BATCH.id}`);
  });

  test('a CSV is uploaded as it is; the currency is that of the only funding account', async () => {
    const cwd = emptyFolder();
    writeFileSync(join(cwd, 'my.csv'), 'payee_reference,amount\np-1,1.00\n');
    const { env, received } = await apiOf(({ path }) =>
      path.startsWith('/v1/accounts') ? { status: 200, body: { data: [{ currency: 'EUR' }] } } : { status: 202, body: BATCH },
    );
    expect((await runSluice(['batch', 'create', 'my.csv'], { cwd, env })).code).toBe(0);
    const upload = received.at(-1);
    expect(upload).toMatchObject({
      method: 'POST',
      path: '/v1/payout-batches?currency=EUR&rail=sandbox',
      body: 'payee_reference,amount\np-1,1.00\n',
    });
    expect(upload?.headers).toMatchObject({ 'content-type': 'text/csv', authorization: 'Bearer sluice_test_key' });
    expect(upload?.headers['idempotency-key']).toBeTruthy();
  });

  test('rows that are wrong are listed with row and column', async () => {
    const cwd = emptyFolder();
    writeFileSync(join(cwd, 'my.csv'), 'x');
    const errors = [
      { field: 'iban', reason: 'iban_checksum', message: 'the checksum is wrong', row: 7 },
      { field: 'amount', reason: 'amount', message: 'not an amount', row: 8, line: 11 },
    ];
    const { env } = await apiOf(() => problemOf('invalid_csv', 422, { errors }));
    const { code, stderr } = await runSluice(['batch', 'create', 'my.csv', '--currency', 'EUR'], { cwd, env });
    expect(code).toBe(1);
    expect(stderr).toContain('row 7, iban: the checksum is wrong');
    expect(stderr).toContain('row 8 (line 11), amount: not an amount');
  });

  test('payments that an earlier batch has are listed with their rows, or their items, and how to go on', async () => {
    const cwd = emptyFolder();
    writeFileSync(join(cwd, 'my.csv'), 'x');
    writeFileSync(join(cwd, 'my.json'), '{}');
    const message = `p-1, 12.50 EUR: equals item 12 of ${BATCH.id}, which is paid`;
    const refused = (place: object) =>
      problemOf('repeated_payments', 409, { errors: [{ ...place, reason: 'repeated', message }], batch_id: BATCH.id, count: 1 });
    const said = async (file: string, place: object) => {
      const { env } = await apiOf(() => refused(place));
      return (await runSluice(['batch', 'create', file, ...(file.endsWith('csv') ? ['--currency', 'EUR'] : [])], { cwd, env })).stderr;
    };
    expect(await said('my.csv', { field: 'row', row: 7 })).toContain(`\n  row 7: ${message}`);
    const ofJson = await said('my.json', { field: 'items.3' });
    expect(ofJson).toContain(`items.3: ${message}`);
    expect(ofJson).toContain(`next: sluice batch show ${BATCH.id}`);
  });

  test('watch follows the events to the end, and its exit code says how the batch ended', async () => {
    const over = { ...BATCH, state: 'failed', outcome: 'none' };
    const events = [
      `event: progress\ndata: ${JSON.stringify({ ...BATCH, state: 'executing' })}\n\n`,
      `id: 4\nevent: audit\ndata: {"action":"batch.fail"}\n\n`,
      'event: end\ndata: {"state":"failed"}\n\n',
    ].join('');
    const { env } = await apiOf(({ path }) => (path.endsWith('/events') ? { events } : { status: 200, body: over }));
    const people = await runSluice(['batch', 'watch', BATCH.id], { env });
    expect([people.code, people.stderr.includes('executing: to send or being sent 2')]).toEqual([1, true]);
    const json = await runSluice(['--json', 'batch', 'watch', BATCH.id], { env });
    expect(
      json.stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).event),
    ).toEqual(['progress', 'audit', 'end']);
  });
});

test('a held payee is shown with who holds it, since when and why', async () => {
  const payee = { object: 'payee', id: 'payee_0198c2aa7c1e7b3d9f10a4c2e6b80d44', reference: 'p-1', name: 'Ada', payee_type: 'individual' };
  const rest = { country: 'DE', created_at: '2025-01-01T00:00:00Z', destination: null };
  const hold = { held_at: '2025-12-30T08:00:00Z', held_by: { ...PERSON, api_key: null }, reason: 'a call about fraud' };
  const shown = async (more: object) => {
    const { env } = await apiOf(() => ({ status: 200, body: { ...payee, ...rest, ...more } }));
    return (await runSluice(['payee', 'show', payee.id], { env })).stdout.replaceAll(/ +/g, ' ');
  };
  const held = await shown({ held: true, hold });
  for (const line of ['held since 2025-12-30T08:00:00Z', 'held by Ada Lovelace (approver)', 'reason a call about fraud'])
    expect(held).toContain(line);
  const free = await shown({ held: false, hold: null });
  expect(free).toContain('held no');
  expect(free).not.toContain('reason');
});

describe('gates', () => {
  const gateApi = (answers: (attempt: number) => { status: number; body: unknown }) => {
    let attempt = 0;
    return apiOf(({ path }) => (path.endsWith('/challenges') ? { status: 201, body: CHALLENGE } : answers(attempt++)));
  };

  test('what the code is bound to is shown before the code is read from standard input', async () => {
    const { env, received } = await gateApi(() => ({ status: 200, body: { ...BATCH, state: 'approved' } }));
    const { code, stdout, stderr } = await runSluice(['batch', 'approve', BATCH.id], { env, input: '123456\n' });
    expect(code).toBe(0);
    for (const shown of ['12,345.67 EUR', 'Main', '7,654.33 EUR', 'p-1', 'DE…3000', BATCH.digest, 'new payees  1, who were never paid'])
      expect(stderr).toContain(shown);
    // A name that would steer the terminal is shown without its control characters.
    expect(stderr).not.toContain('\u001b');
    expect(JSON.parse(received.at(-1)?.body ?? '')).toEqual({ challenge_id: CHALLENGE.id, code: '123456' });
    expect(stdout).toContain('approved');
  });

  test('what is new or unusual is shown before the code, or nothing is read', async () => {
    const { env, received } = await gateApi(() => ({ status: 200, body: BATCH }));
    const { code, stderr } = await runSluice(['batch', 'approve', BATCH.id], { env, input: '' });
    expect([code === 0, received.some(({ path }) => path.endsWith('/approve'))]).toEqual([false, false]);
    const { facts } = CHALLENGE.summary;
    const said = [
      `The same file was paid before, or is being paid: ${facts.same_file.batch_id}`,
      `14 of the payments are paid or open already: 13 in ${facts.same_payments.batch_id}, 1 in batch_0198c2aa7c1e7b3d9f10a4c2e6b80d01`,
      'Payments that equal earlier ones in payee, amount and reference: 14. The 10 largest',
      `9 same-9 899.91 EUR INV 5 1 #49 of ${facts.same_payments.batch_id}, paid`,
      'Payments that repeat an earlier one of this batch in payee, amount and reference: 2',
      'p-9 42.00 EUR INV 7 3',
      'above 3 times the usual batch of this account, 1,000.00 EUR',
      'Payees who were added to this workspace on the day that the batch got its content: 1',
      'Destinations that are not the account that was paid last: 51',
      'IBAN LT …0009',
      'Ada Lovelace (approver), key import',
      'Payees whose name, type or country is not what was paid last: 1',
      'p-3 Nora Vance → Nils\\u{1b}[2J Varga - DE → FR Ada Lovelace (approver) 2025-12-31T22:00:00Z',
      'Held payees: 1. While they are held nothing is sent to them: 2 payments, 10,001.00 EUR',
      '2025-12-30T08:00:00Z Ada Lovelace (approver) a call about fraud',
      'New destinations in another country than the payee: 1',
      'New destinations of an account that another payee has: 1',
      'p-77',
      "Payments above 10 times the payee's median: 1",
      '99.00 EUR',
    ];
    for (const shown of said) expect(stderr.replaceAll(/ +/g, ' ')).toContain(shown);
    expect(stderr).not.toContain('same-10');
  });

  test('a spent code: the command waits, asks again, and repeats the same key', async () => {
    const { env, received } = await gateApi((attempt) =>
      attempt === 0 ? problemOf('otp_step_used', 409, { retry_after_seconds: 1 }) : { status: 200, body: BATCH },
    );
    const { code, stderr } = await runSluice(['batch', 'approve', BATCH.id], { env, input: '111111\n222222\n' });
    expect(code).toBe(0);
    expect(stderr).toContain('valid in 1 s');
    const tries = received.filter(({ path }) => path.endsWith('/approve'));
    expect(tries.map(({ body }) => JSON.parse(body).code)).toEqual(['111111', '222222']);
    expect(new Set(tries.map(({ headers }) => headers['idempotency-key'])).size).toBe(1);
  });

  test('a spent code and no other: the command does not wait, and says when to try again', async () => {
    const { env, received } = await gateApi(() => problemOf('otp_step_used', 409, { retry_after_seconds: 3_000 }));
    const { code, stderr } = await runSluice(['batch', 'approve', BATCH.id], { env, input: '111111\n' });
    expect([code, received.filter(({ path }) => path.endsWith('/approve')).length]).toEqual([1, 1]);
    expect(stderr).toContain('The next one is valid in 3000 s. Nothing was done.');
    expect(stderr).toContain('next: run the same again then, with that code');
  });

  test('too little money: approve warns of it with the amount that is missing', async () => {
    const funding_account = { ...CHALLENGE.summary.funding_account, balance_after: -765_433 };
    const short = { ...CHALLENGE, summary: { ...CHALLENGE.summary, funding_account } };
    const { env } = await apiOf(({ path }) => (path.endsWith('/challenges') ? { status: 201, body: short } : { status: 200, body: BATCH }));
    const { stderr } = await runSluice(['batch', 'approve', BATCH.id], { env, input: '111111\n' });
    expect(stderr).toContain('Warning: Main lacks 7,654.33 EUR for this batch.');
  });

  test('too little money: authorize is refused before a code is read, and the message says how much to top up', async () => {
    const refusal = problemOf('insufficient_funds', 409, { shortfall: 1_234_567, currency: 'EUR' });
    const { env, received } = await apiOf(() => refusal);
    const { code, stderr } = await runSluice(['batch', 'authorize', BATCH.id], { env, input: '111111\n' });
    expect([code, received.map(({ path }) => path.split('/').at(-1))]).toEqual([1, ['challenges']]);
    expect(stderr).toContain(
      'next: sluice ledger top-up 12345.67   (sandbox money only; then repeat the command; somebody who may: a preparer or an admin)',
    );
  });

  test('no code at all exits 2 and opens nothing', async () => {
    const { env, received } = await gateApi(() => ({ status: 200, body: BATCH }));
    expect((await runSluice(['batch', 'execute', BATCH.id], { env })).code).toBe(2);
    expect(received.some(({ path }) => path.endsWith('/execute'))).toBe(false);
  });
});
