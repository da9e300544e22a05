import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { codeIn } from '../../cli/code.js';
import { withWidth } from '../../cli/terminal.js';
import { BATCH, CHALLENGE, emptyFolder, problemOf, runSluice } from './run-sluice.js';
import { apiOf } from './scripted-api.js';

const gateApi = () =>
  apiOf(({ path }) => (path.endsWith('/challenges') ? { status: 201, body: CHALLENGE } : { status: 200, body: { ...BATCH, state: 'approved' } }));

test.each([
  ['123456', '123456'],
  [' 123 456 ', '123456'],
  ['123\u00a0456', '123456'],
  ['12\t34\u202f56', '123456'],
  ['12345', null],
  ['1234567', null],
  ['12345a', null],
  ['１２３４５６', null],
  ['', null],
])('%j is read as the code %s', (typed, code) => {
  expect(codeIn(typed)).toBe(code);
});

test('a code is sent without the blanks that an authenticator shows', async () => {
  const { env, received } = await gateApi();
  expect((await runSluice(['batch', 'approve', BATCH.id], { env, input: '123 456\n' })).code).toBe(0);
  expect(JSON.parse(received.at(-1)?.body ?? '')).toMatchObject({ code: '123456' });
});

/** `script` of util-linux runs a command on a terminal of its own. */
const onTerminal = spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout?.includes('util-linux') ? describe : describe.skip;

onTerminal('on a terminal', () => {
  const PROMPT = 'Code of your authenticator, to approve';
  const NO_CODE = 'A code is six digits.';
  const running = new Set<ChildProcess>();
  afterEach(() => {
    for (const child of running) child.kill('SIGKILL');
    running.clear();
  });

  /** Where it says something for the n-th time; the beginning for n = 0. */
  const placeOf = (screen: string, said: string, n: number): number => (n === 0 ? 0 : screen.split(said, n).join(said).length);

  /** Runs a command on a terminal of so many columns. Each of `typed` is typed at a prompt of its own, which comes after `why`. */
  const onScreen = async (argv: string, env: Record<string, string>, columns: number, typed: string[], why = NO_CODE) => {
    const cwd = emptyFolder();
    const command = `stty cols ${columns}; "${process.execPath}" "${join(process.cwd(), 'bin/sluice.mjs')}" ${argv}`;
    const child = spawn('script', ['-qefc', command, '/dev/null'], {
      cwd,
      env: { PATH: process.env['PATH'] ?? '', HOME: cwd, XDG_CONFIG_HOME: join(cwd, 'config'), TERM: 'xterm', ...env },
    });
    running.add(child);
    let screen = '';
    let answered = 0;
    child.stdout.on('data', (part: Buffer) => {
      screen += part;
      const isAsked = screen.split(why).length > answered && screen.includes(PROMPT, placeOf(screen, why, answered));
      const next = isAsked ? typed[answered] : undefined;
      if (next === undefined) return;
      answered += 1;
      child.stdin.write(`${next}\r`);
    });
    const code = await new Promise((done) => {
      child.once('close', done);
    });
    return { code, screen };
  };

  test('what cannot be a code is asked for again, and costs no try', async () => {
    const { env, received } = await gateApi();
    const { code, screen } = await onScreen(`batch approve ${BATCH.id}`, env, 100, ['12345', '123 456']);
    expect({ code, screen }).toMatchObject({ code: 0, screen: expect.stringContaining('A code is six digits.') });
    expect(received.filter(({ path }) => path.endsWith('/approve')).map(({ body }) => JSON.parse(body).code)).toEqual(['123456']);
  });

  test('after too many codes another one is asked for when the wait is over, because the first is no longer valid then', async () => {
    let tries = 0;
    const { env, received } = await apiOf(({ path }) => {
      if (path.endsWith('/challenges')) return { status: 201, body: CHALLENGE };
      return tries++ === 0 ? { ...problemOf('rate_limited', 429), headers: { 'retry-after': '0' } } : { status: 200, body: BATCH };
    });
    const { code } = await onScreen(`batch approve ${BATCH.id}`, env, 100, ['123456', '654321'], 'Detail of rate_limited.');
    const sent = received.filter(({ path }) => path.endsWith('/approve'));
    expect([code, sent.map(({ body }) => JSON.parse(body).code)]).toEqual([0, ['123456', '654321']]);
    expect(new Set(sent.map(({ headers }) => headers['idempotency-key'])).size).toBe(1);
  });

  test('a terminal that says it has no columns is written to as usual', async () => {
    const { env } = await gateApi();
    const { code, screen } = await onScreen(`batch approve ${BATCH.id}`, env, 0, ['123456']);
    expect({ code, screen }).toEqual({ code: 0, screen: expect.stringContaining('Code of your authenticator, to approve') });
  });
});

test.each([
  [0, 80],
  [undefined, 80],
  [1, 20],
  [20, 20],
  [200, 200],
])('a terminal of %s columns is taken for one of %s', (columns, taken) => {
  const stream = withWidth({ isTTY: true, columns });
  expect(stream.columns).toBe(taken);
  stream.columns = 50;
  expect(stream.columns).toBe(50);
  stream.columns = 0;
  expect(stream.columns).toBe(80);
});
