import { spawn, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import type { Batch } from '../../cli/render/batch.js';
import { batchBar } from '../../cli/render/batch-bar.js';
import { BATCH, emptyFolder, runSluice } from './run-sluice.js';
import { apiOf } from './scripted-api.js';

const HIDE = '\u001b[?25l';
const SHOW = '\u001b[?25h';
const NO_WRAP = '\u001b[?7l';
const WRAP = '\u001b[?7h';

const upload = (rows_checked: number, rows_stored: number) => ({
  ...BATCH,
  state: 'receiving',
  item_count: 0,
  counts: { open: 0 },
  upload: { bytes: 1, rows_expected: 40, rows_checked, rows_stored, refusal: null },
});
const EXECUTING = { ...BATCH, state: 'executing' };
const progress = (batch: object) => `event: progress\ndata: ${JSON.stringify(batch)}\n\n`;

/** An API on which this batch is created, shown and followed, without an end. */
const following = (batch: object) =>
  apiOf(({ method, path }) => {
    if (path.endsWith('/events')) return { events: progress(batch), open: true };
    if (path.startsWith('/v1/accounts')) return { status: 200, body: { data: [{ currency: 'EUR' }] } };
    return { status: method === 'POST' ? 202 : 200, body: batch };
  });

const withCsv = (): string => {
  const cwd = emptyFolder();
  writeFileSync(join(cwd, 'my.csv'), 'payee_reference,amount\np-1,1.00\n');
  return cwd;
};

describe('a command that is broken off', () => {
  test('batch create says what the server has, how to go on, and exits 130', async () => {
    const { env } = await following(upload(7, 0));
    const { code, stderr } = await runSluice(['batch', 'create', 'my.csv'], { env, cwd: withCsv(), breakOff: /is taken in by the server/ });
    expect(code).toBe(130);
    expect(stderr).toMatch(new RegExp(`Broken off; the server has the whole file of ${BATCH.id} and goes on taking it in: 7 of 40 rows checked\\.`));
    expect(stderr).toContain(`next: sluice batch watch ${BATCH.id}`);
  });

  /** A server that takes in no byte of what is sent to it, and never answers. */
  const deaf = async () => {
    const server = createServer((req) => void req.pause());
    await new Promise<void>((done) => {
      server.listen(0, '127.0.0.1', done);
    });
    return { server, env: { SLUICE_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, SLUICE_API_KEY: 'k' } };
  };

  test.each([
    ['while a CSV is sent', ['big.csv', '--currency', 'EUR'], 'nothing was stored.', 'next: send the file again'],
    ['once a JSON file was sent', ['all.json'], 'The same command again finds it, and makes no second one.', 'next: sluice batch list'],
    ['with an external id', ['all.json', '--external-id', 'june'], 'the batch may have been made', 'next: sluice batch show june'],
  ])('batch create %s says what there is, and exits 130', async (_name, argv, said, next) => {
    const { server, env } = await deaf();
    const cwd = emptyFolder();
    writeFileSync(join(cwd, 'big.csv'), `payee_reference,amount\n${'p-1,1.00\n'.repeat(4_000_000)}`);
    writeFileSync(join(cwd, 'all.json'), '{}');
    const child = spawn(process.execPath, [join(process.cwd(), 'bin/sluice.mjs'), 'batch', 'create', ...argv], {
      cwd,
      env: { PATH: process.env['PATH'] ?? '', HOME: cwd, XDG_CONFIG_HOME: join(cwd, 'config'), ...env },
    });
    let stderr = '';
    child.stderr.on('data', (part: Buffer) => {
      stderr += part;
    });
    server.once('request', () => child.kill('SIGINT'));
    const code = await new Promise((done) => {
      child.once('close', done);
    });
    server.closeAllConnections();
    server.close();
    expect({ code, stderr }).toEqual({ code: 130, stderr: expect.stringContaining(said) });
    expect(stderr).toContain(next);
  });

  test('batch create while standard input is read stores nothing and ends', async () => {
    const cwd = emptyFolder();
    const { env } = await following(BATCH);
    const child = spawn(process.execPath, [join(process.cwd(), 'bin/sluice.mjs'), 'batch', 'create', '-', '--format', 'csv', '--currency', 'EUR'], {
      cwd,
      env: { PATH: process.env['PATH'] ?? '', HOME: cwd, XDG_CONFIG_HOME: join(cwd, 'config'), ...env },
    });
    let stderr = '';
    child.stderr.on('data', (part: Buffer) => {
      stderr += part;
      if (stderr.endsWith('Paying in EUR over sandbox.\n')) child.kill('SIGINT');
    });
    const code = await new Promise((done) => {
      child.once('close', done);
    });
    expect({ code, stderr }).toEqual({ code: 130, stderr: expect.stringContaining('nothing was stored.') });
  });

  test('batch watch says where the batch stands, how to go on, and exits 130', async () => {
    const { env } = await following(EXECUTING);
    const ran = await runSluice(['batch', 'watch', BATCH.id], { env, breakOff: /^executing: /m });
    expect(ran.code).toBe(130);
    expect(ran.stderr).toContain(`Broken off; ${BATCH.id} goes on without this command. It is executing: `);
    expect(ran.stderr).toContain(`next: sluice batch watch ${BATCH.id}`);
  });

  test('recover --confirm says that the worker goes on, and exits 130', async () => {
    const summary = {
      kind: 'k',
      choice: 'recover',
      reason: 'r',
      proposed_by: 'p',
      batch_id: null,
      item_count: 0,
      total: 0,
      currency: null,
      largest: [],
    };
    const challenge = { id: 'chal_1', proposal_id: 'proposal_1', digest: 'ab', expires_at: '2030-01-01T00:00:00Z', summary };
    const { env } = await apiOf(({ method, path }) => {
      if (path.endsWith('/challenges')) return { status: 201, body: challenge };
      return { status: 200, body: method === 'POST' ? {} : { proposal: { state: 'confirmed' } } };
    });
    const { code, stderr } = await runSluice(['recover', '--confirm', 'proposal_1'], { env, input: '123456\n', breakOff: /^Confirmed\./m });
    expect([code, stderr]).toEqual([130, expect.stringContaining('next: sluice recover')]);
  });
});

/** A terminal that keeps what is written to it. */
const fakeTerminal = () => {
  const written: string[] = [];
  const stream = new PassThrough().on('data', (part: Buffer) => written.push(part.toString()));
  return { stream: Object.assign(stream, { isTTY: true, columns: 100 }) as unknown as NodeJS.WriteStream, text: () => written.join('') };
};

/** The last of two sequences that a terminal got. */
const lastOf = (text: string, ...sequences: string[]) => sequences.sort((a, b) => text.lastIndexOf(b) - text.lastIndexOf(a))[0];

describe('the bar', () => {
  test.each([
    ['of a file', upload(7, 3), '3 of 40 rows stored'],
    ['of payments', EXECUTING, '0/2 settled · executing'],
  ])('%s gives cursor and line wrap back, and draws nothing afterwards', (_name, batch, shown) => {
    const { stream, text } = fakeTerminal();
    const bar = batchBar(stream);
    bar.show(batch as unknown as Batch);
    expect([text(), lastOf(text(), HIDE, SHOW)]).toEqual([expect.stringContaining(shown), HIDE]);
    bar.stop();
    const stopped = text();
    expect([lastOf(stopped, HIDE, SHOW), stopped.includes(NO_WRAP) ? lastOf(stopped, NO_WRAP, WRAP) : WRAP]).toEqual([SHOW, WRAP]);
    bar.show(batch as unknown as Batch);
    expect(text()).toBe(stopped);
  });
});

/** `script` of util-linux runs a command on a terminal of its own. */
const onTerminal = spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout?.includes('util-linux') ? test : test.skip;

onTerminal('Ctrl-C on a real terminal: the cursor is back, and the exit code is 130', async () => {
  const { env } = await following(upload(7, 0));
  const cwd = withCsv();
  const command = `"${process.execPath}" "${join(process.cwd(), 'bin/sluice.mjs')}" batch create my.csv`;
  const child = spawn('script', ['-qefc', command, '/dev/null'], {
    cwd,
    env: { PATH: process.env['PATH'] ?? '', HOME: cwd, XDG_CONFIG_HOME: join(cwd, 'config'), TERM: 'xterm', ...env },
  });
  let screen = '';
  child.stdout.on('data', (part: Buffer) => {
    const before = screen.includes('rows checked');
    screen += part;
    if (!before && screen.includes('rows checked')) child.stdin.write('\u0003');
  });
  const code = await new Promise((done) => {
    child.once('close', done);
  });
  expect({ code, screen }).toEqual({ code: 130, screen: expect.stringContaining(`sluice batch watch ${BATCH.id}`) });
  expect([lastOf(screen, HIDE, SHOW), lastOf(screen, NO_WRAP, WRAP)]).toEqual([SHOW, WRAP]);
});
