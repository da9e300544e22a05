import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
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
  /(^| )(list|show|items|proposal-items|accounts|transfers|trail|export|checkpoint|verify|evidence|watch|whoami|doctor|open|people|code|link|kill|save)$/;

const folder = emptyFolder();
const file = join(folder, 'my.csv');
writeFileSync(file, 'payee_reference,amount\np-1,1.00\n');

const ACCOUNT = { id: 'acct_0198c2aa7c1e7b3d9f10a4c2e6b80d11', kind: 'funding', name: 'Main', currency: 'EUR', balance: 0 };
const SESSION = {
  ...{ object: 'session', id: 'session_1', expires_at: 't', workspace: { id: 'ws_1', name: 'Demo', mode: 'test' } },
  person: { id: 'person_0198c2aa7c1e7b3d9f10a4c2e6b80d12', name: 'Ada', email: 'a@b.example', roles: ['admin'] },
};
const list = (data: unknown[]) => ({ status: 200, body: { object: 'list', data, has_more: false, next_cursor: null } });
const reading = ({ path }: Received): Answer => {
  if (path.startsWith('/v1/accounts')) return list([ACCOUNT]);
  if (path.startsWith('/v1/factors')) return list([{ id: 'factor_0198c2aa7c1e7b3d9f10a4c2e6b80d11', name: 'phone', state: 'active' }]);
  if (path.startsWith('/v1/sessions/current')) return { status: 200, body: SESSION };
  if (path.startsWith('/v1/recovery')) return { status: 200, body: { digest: 'ab', reason: null, proposal: null, done: null, batches: [] } };
  return { status: 200, body: BATCH };
};
const SUMMARY = { kind: 'k', choice: 'c', reason: 'r', proposed_by: 'p', batch_id: null, item_count: 0, total: 0, currency: null, largest: [] };
const asked = ({ path }: Received): Answer => ({
  status: 201,
  body: path.includes('/proposals/') ? { id: 'c', proposal_id: 'p', digest: 'ab', expires_at: 't', summary: SUMMARY } : CHALLENGE,
});

/** Signed in as a person, since an API key has no session to end; and an operator of the platform, for what people of a workspace cannot do. */
const personOf = ({ SLUICE_URL }: { SLUICE_URL: string }) => {
  const home = emptyFolder();
  mkdirSync(join(home, 'sluice'));
  writeFileSync(join(home, 'sluice', 'profiles.json'), JSON.stringify({ default: { url: SLUICE_URL, token: 't' } }));
  return { SLUICE_URL, XDG_CONFIG_HOME: home, SLUICE_OPERATOR_KEY: 'o' };
};

/** What a command reads: passwords of those that ask for some, and a code. */
const typedFor = (argv: readonly string[]): string[] => {
  const passwords = argv.includes('login')
    ? ['a password']
    : argv.includes('password') || argv.includes('accept')
      ? ['a password', 'a new password']
      : [];
  return [...passwords, '123456'];
};

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
  const { said, run } = settingsOf(personOf(env), typedFor(argv));
  const ended = run(argv);
  const first = await Promise.race([write, ended.then(() => null)]);
  if (first === null) return null;
  process.emit('SIGINT', 'SIGINT');
  return { code: await ended, said: said.join('\n'), write: first };
};

const LEAVES = [
  ...leavesOf(wholeProgram()).map((command) => ({ name: nameOf(command), argv: [...argvOf(command, file), ...(MORE[nameOf(command)] ?? [])] })),
  // A flag makes these another request.
  ...['password reset', 'verify-email'].map((name) => ({ name: `${name} --token`, argv: [...name.split(' '), '--token'] })),
  { name: 'factors reset of one’s own', argv: ['factors', 'reset', SESSION.person.id] },
  // The id of an organization too.
  ...leavesOf(wholeProgram())
    .filter((command) => command.registeredArguments.some((argument) => argument.name() === 'tenant'))
    .map((command) => ({
      name: `${nameOf(command)} of an organization`,
      // What is taken back of an organization is the freeze that was looked at.
      argv: [...argvOf(command, file).map((word) => word.replace(/^ws_/, 'org_')), ...(command.name() === 'withdraw' ? ['--freeze', 'x'] : [])],
    })),
];
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
  // The second person's recovery is a proposal that is confirmed, a challenge decides nothing, a factor is confirmed by the command that
  // enrolled it, and passkeys are used on a page.
  const routes = Object.entries<RouteShape>(ROUTES)
    .filter(([id, { method, permission }]) => method !== 'GET' && permission !== 'signed' && !/challenge$|^confirm_factor$|passkey/.test(id))
    .map(([, { method, path }]) => `${method} ${path.replace(':role', 'approver').replace(/:\w+/g, ':id')}`);
  expect([...called].sort()).toEqual(routes.sort());
});

/** Runs a command to its end; the server answers what it may change with `status` and these headers. */
const answered = async (argv: readonly string[], status: number, headers: Record<string, string> = {}) => {
  const { env } = await apiOf((request) => {
    if (request.method === 'GET') return reading(request);
    if (request.path.endsWith('/challenges')) return asked(request);
    return status < 400
      ? { status, body: /account|top-up/.test(request.path) ? ACCOUNT : ANSWER, headers }
      : { ...problemOf('out_of_order', status), headers };
  });
  const { said, printed, run, unread } = settingsOf(personOf(env), typedFor(argv));
  const code = await run(argv);
  return { code, said: said.join('\n'), printed: printed.join('\n'), unread: unread() };
};
/** What every command finds what it needs in, as `--json` prints it. */
const ANSWER = {
  ...BATCH,
  ...ACCOUNT,
  id: BATCH.id,
  token: 't',
  workspace: { id: 'ws_1' },
  person: { email: 'nina@example.com', roles: [] },
  hold: null,
  exception_id: 'exc_1',
};

describe('after the server has done it', () => {
  test.each(WRITING)('$name says so when its output is lost', async ({ argv }) => {
    const { unread } = await answered(['--json', ...argv], 200);
    expect(unread).toMatch(/^The server had done it\.(.|\n)*\nnext: sluice /);
  });

  test('a top-up is repeated with its key, and of an API key the secret is lost', async () => {
    expect((await answered(['ledger', 'top-up', '1.00'], 200)).unread).toMatch(
      /done it\. To repeat it without doing it twice, add --idempotency-key \S+\n/,
    );
    expect((await answered(['keys', 'create', 'x', '--scope', 'batches.read'], 200)).unread).toContain(
      'The secret of the key is lost, so revoke it.',
    );
  });

  test('a top-up whose output meets a full device', async () => {
    const { env } = await apiOf(({ method }) => (method === 'GET' ? list([ACCOUNT]) : { status: 201, body: ACCOUNT }));
    const child = spawn('bash', ['-c', `"${process.execPath}" bin/sluice.mjs ledger top-up 1.00 > /dev/full`], {
      env: { PATH: process.env['PATH'], HOME: folder, SLUICE_DATA_DIR: folder, ...env },
    });
    const [said, code] = await Promise.all([text(child.stderr), new Promise((done) => child.once('close', done))]);
    expect([code, said]).toEqual([
      1,
      expect.stringMatching(/^Standard output can't be written: .*\. The server had done it\. .*--idempotency-key \S+\nnext: /),
    ]);
  });

  test('what only reads, or was refused, has nothing to say', async () => {
    expect((await answered(['ledger', 'accounts'], 200)).unread).toBeNull();
    expect((await answered(['ledger', 'top-up', '1.00'], 422)).unread).toBeNull();
  });
});

describe('an answer that leaves open whether it was done', () => {
  test('names the key of what a repeat would do twice', async () => {
    const { code, said } = await answered(['ledger', 'top-up', '1.00'], 500);
    expect([code, said]).toEqual([
      1,
      expect.stringMatching(/open whether it was done: the money may be in the account\. .* add --idempotency-key \S+/),
    ]);
  });

  test('a refusal does not', async () => {
    expect((await answered(['ledger', 'top-up', '1.00'], 422)).said).not.toContain('--idempotency-key');
  });
});

describe('the stored answer of an earlier request', () => {
  const REPLAYED = { 'idempotent-replayed': 'true' };
  const KEYED = WRITING.filter(({ name }) => !/^(login|batch edit)$/.test(name));

  test.each(KEYED)('$name says that nothing was done this time, and suggests nothing of then', async ({ argv }) => {
    const { said } = await answered(['--json', ...argv, '--idempotency-key', 'k'], 200, REPLAYED);
    expect(said).toMatch(/This was done already, with this key: nothing was done this time(.|\n)*\nnext: sluice /);
    expect(said.match(/next: /g)).toHaveLength(1);
  });

  test('a new answer does not say so', async () => {
    expect((await answered(['ledger', 'top-up', '1.00', '--idempotency-key', 'k'], 200)).said).not.toContain('nothing was done');
  });

  test('a stored refusal says that nothing was tried', async () => {
    const { said } = await answered(['ledger', 'top-up', '1.00', '--idempotency-key', 'k'], 422, REPLAYED);
    expect(said).toContain('nothing was tried this time');
  });

  test('a stored balance is not the present one', async () => {
    const { env } = await apiOf(({ method }) =>
      method === 'GET' ? list([{ ...ACCOUNT, balance: 700 }]) : { status: 201, body: { ...ACCOUNT, balance: 100 }, headers: REPLAYED },
    );
    const { run, printed } = settingsOf(env);
    expect(await run(['ledger', 'top-up', '1.00', '--idempotency-key', 'k'])).toBe(0);
    expect(printed).toEqual(['Main: 7.00 EUR now, 1.00 EUR after that top-up']);
  });

  test('after a try without an answer it may be that of this very request, and nothing is said of it', async () => {
    let tries = 0;
    const { env } = await apiOf(({ method }) => {
      if (method === 'GET') return list([ACCOUNT]);
      tries += 1;
      return tries === 1 ? problemOf('starting', 503) : { status: 201, body: ACCOUNT, headers: REPLAYED };
    });
    const { run, said } = settingsOf(env);
    expect(await run(['ledger', 'top-up', '1.00', '--idempotency-key', 'k'])).toBe(0);
    expect([tries, said.join('\n')]).toEqual([2, expect.not.stringContaining('nothing was done')]);
  });
});

test.each([
  ['99999999999999999', 'the amount is too large; the largest is 90071992547409.91 EUR'],
  ['90071992547409.92', 'the amount is too large; the largest is 90071992547409.91 EUR'],
  ['1,00', 'a comma may stand for a point or for thousands'],
])('a top-up of %s says what is wrong', async (amount, says) => {
  const { env, received } = await apiOf(() => list([ACCOUNT]));
  const { run, said } = settingsOf(env);
  expect([await run(['ledger', 'top-up', amount]), said.join('\n')]).toEqual([2, expect.stringContaining(says)]);
  expect(received.filter(({ method }) => method !== 'GET')).toEqual([]);
});
