import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type { RouteShape } from '../../contracts/route-shape.js';
import { ROUTES } from '../../contracts/routes.js';
import { argvOf, faultOf, leavesOf, nameOf, settingsOf, wholeProgram } from './every-command.js';
import { BATCH, CHALLENGE, emptyFolder, problemOf } from './run-sluice.js';
import { type Answer, apiOf, type Received } from './scripted-api.js';

/** Their argv is built from the program; these need a flag to change something. */
const MORE: Readonly<Record<string, string[]>> = { recover: ['--reason', 'the disk was lost'], login: ['--email', 'a@b.example'] };
/** Verbs that list, show, verify or follow, or act on this machine only. */
const READING =
  /(^| )(list|show|items|proposal-items|accounts|transfers|trail|export|checkpoint|verify|evidence|watch|whoami|doctor|open|people|code|kill)$/;

const folder = emptyFolder();
const file = join(folder, 'my.csv');
writeFileSync(file, 'payee_reference,amount\np-1,1.00\n');

const ACCOUNT = { id: 'acct_0198c2aa7c1e7b3d9f10a4c2e6b80d11', kind: 'funding', name: 'Main', currency: 'EUR', balance: 0 };
const list = (data: unknown[]) => ({ status: 200, body: { object: 'list', data, has_more: false, next_cursor: null } });
const reading = ({ path }: Received): Answer => {
  if (path.startsWith('/v1/accounts')) return list([ACCOUNT]);
  if (path.startsWith('/v1/recovery')) return { status: 200, body: { digest: 'ab', reason: null, proposal: null, done: null, batches: [] } };
  return { status: 200, body: BATCH };
};
const SUMMARY = { kind: 'k', choice: 'c', reason: 'r', proposed_by: 'p', batch_id: null, item_count: 0, total: 0, currency: null, largest: [] };
const asked = ({ path }: Received): Answer => ({
  status: 201,
  body: path.includes('/proposals/') ? { id: 'c', proposal_id: 'p', digest: 'ab', expires_at: 't', summary: SUMMARY } : CHALLENGE,
});

/** Runs a command and breaks it off as soon as the server has got what it may change. Null when it changes nothing. */
const brokenOff = async (argv: readonly string[]) => {
  let arrived: (write: Received) => void = () => {};
  const write = new Promise<Received>((done) => {
    arrived = done;
  });
  const { env } = await apiOf((request) => {
    if (request.method === 'GET') return reading(request);
    if (request.path.endsWith('/challenges')) return asked(request);
    arrived(request);
    return 'silence';
  });
  const { said, run } = settingsOf(env, argv[0] === 'login' ? ['a password', '123456'] : ['123456']);
  const ended = run(argv);
  const first = await Promise.race([write, ended.then(() => null)]);
  if (first === null) return null;
  process.emit('SIGINT', 'SIGINT');
  return { code: await ended, said: said.join('\n'), write: first };
};

const LEAVES = leavesOf(wholeProgram()).map((command) => ({
  name: nameOf(command),
  argv: [...argvOf(command, file), ...(MORE[nameOf(command)] ?? [])],
}));
const WRITING = LEAVES.filter(({ name }) => !READING.test(name));
/** Those that need more than an answer to a GET are tried elsewhere. */
const ELSEWHERE = /^(dev|doctor|audit|evidence|batch watch)/;

test('many commands change something', () => {
  expect(WRITING.length).toBeGreaterThan(25);
});

describe('Ctrl-C after the request has left', () => {
  test.each(WRITING)('$name says what may have happened, and how to look', async ({ argv }) => {
    const broken = await brokenOff(argv);
    expect(broken).toMatchObject({ code: 130, said: expect.stringMatching(/^Broken off before the server answered: .* may /m) });
    expect(await faultOf(/^next: (sluice \S+.*)/m.exec(broken?.said ?? '')?.[1] ?? '')).toBeNull();
  });

  test.each(LEAVES.filter(({ name }) => READING.test(name) && !ELSEWHERE.test(name)))('$name changes nothing', async ({ argv }) => {
    expect(await brokenOff(argv)).toBeNull();
  });
});

test('what a repeat would do twice is repeated with the key of the first', async () => {
  const broken = await brokenOff(['ledger', 'top-up', '1.00']);
  const key = String(broken?.write.headers['idempotency-key']);
  expect(broken?.said).toContain(`add --idempotency-key ${key}`);
  const { env, received } = await apiOf((request) => (request.method === 'GET' ? reading(request) : { status: 201, body: ACCOUNT }));
  const { run } = settingsOf(env);
  expect(await run(['ledger', 'top-up', '1.00', '--idempotency-key', key])).toBe(0);
  expect(received.at(-1)?.headers['idempotency-key']).toBe(key);
});

describe('Ctrl-C at another time', () => {
  test('before anything has left, or after a refusal: nothing was changed', async () => {
    for (const answers of [[] as Answer[], [problemOf('otp_step_used', 409, { retry_after_seconds: 1 })]]) {
      const { env } = await apiOf((request) => {
        if (request.method === 'GET') return reading(request);
        return request.path.endsWith('/challenges') ? asked(request) : (answers.shift() ?? 'silence');
      });
      const { settings, said, run } = settingsOf(env);
      const codes = answers.length === 0 ? [] : ['111111', '222222'];
      settings.terminal.readLine = async () => {
        const code = codes.shift();
        if (codes.length === 0) setImmediate(() => process.emit('SIGINT', 'SIGINT'));
        return code ?? new Promise<never>(() => {});
      };
      expect(await run(['batch', 'approve', BATCH.id])).toBe(130);
      expect(said.join('\n')).toContain('Broken off; nothing was changed.');
    }
  });

  test('after the server has done it: it says so', async () => {
    const proposal = { state: 'confirmed' };
    let looks = 0;
    const { env } = await apiOf((request) => {
      if (request.path.endsWith('/challenges')) return asked(request);
      if (request.method === 'POST') return { status: 200, body: { ...BATCH, reason: 'another' } };
      looks += 1;
      if (request.path.endsWith('/events')) setImmediate(() => process.emit('SIGINT', 'SIGINT'));
      return request.path.endsWith('/events') ? 'silence' : { status: 200, body: { ...BATCH, proposal } };
    });
    const { said, run } = settingsOf(env);
    expect(await run(['batch', 'pause', BATCH.id, '--reason', 'mine'])).toBe(130);
    expect(said.join('\n')).toContain('Broken off after the server had done it.');
    expect([looks > 0, said.join('\n')]).toEqual([true, expect.stringContaining(`next: sluice batch show ${BATCH.id}`)]);
  });
});

test('every route that changes something and is called here is one that a command of the list calls', async () => {
  const called = new Set<string>();
  for (const { argv } of WRITING) {
    const broken = await brokenOff(argv);
    if (broken) called.add(`${broken.write.method} ${broken.write.path.replace(/\?.*/, '').replace(/(?<=\/)[a-z]+_[0-9a-f]{32}/g, ':id')}`);
  }
  // The second person's recovery is a proposal that is confirmed, and a challenge decides nothing.
  const routes = Object.entries<RouteShape>(ROUTES)
    .filter(([id, { method, permission }]) => method !== 'GET' && permission !== 'signed' && !id.endsWith('challenge'))
    .map(([, { method, path }]) => `${method} ${path.replace(/:\w+/g, ':id')}`);
  expect([...called].sort()).toEqual(routes.sort());
});
