import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { BatchProof } from '../../domain/audit/proof.js';
import { guardFolder } from '../harness/guard.js';
import { until } from '../harness/until.js';
import { ownDatabase } from './harness/database.js';

jest.setTimeout(240_000);

/**
 * The README, followed to the letter: its `sh` blocks run in their order in one folder, beside one stack that its first block has
 * started. Only `npm start` gets flags for free ports and a folder of its own, and `npx` is a stand-in that starts the same program
 * without npm, and notes when it ended. `npm run check` and `npm test` run elsewhere; here they only have to exist.
 */
const ROOT = process.cwd();
const README = readFileSync('README.md', 'utf8');
const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };
const BLOCKS = [...README.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block = '']) => block);
const TOUR = BLOCKS.filter((block) => block.includes('npx sluice'));

/** What each block of the tour has to print. */
const SAYS: readonly (readonly RegExp[])[] = [
  [/^external id +my-first-batch$/m, /^state +queued(, \w+)*$/m, /^total +1,785\.40 EUR$/m, /^Operating account EUR: [\d,]+\.\d\d EUR$/m],
  [
    /^To approve:$/m,
    /^new payees +5, who were never paid from this workspace before$/m,
    /^This code opens one gate or signs in once, within the next \d+ s\.$/m,
    /^state +approved(, \w+)*$/m,
    /^state +authorized(, \w+)*$/m,
  ],
  [
    /^state +executing(, \w+)*$/m,
    /^worker \(process \d+\) was killed; process \d+ took its place$/m,
    /^state +completed \(partial\)$/m,
    /cleo-1 .* paid /,
    /dan-1 .* failed .*account_closed/,
    /eva-1 .* returned /,
  ],
  [/^checksum ok/m, /^The forgery was noticed\.$/m, /changed/, /Written to evidence\.json/, /^evidence ok$/m],
  [/^\(none\)$/m, /^held +(yes|since .*)$/m, /^held +no$/m],
  [/\/namespaces\/sluice\/workflows\/batch_[0-9a-f]{32}$/m, /^process worker +ok /m, /^ +approver +\S+ \S+ +\S+@demo\.example/m],
  [
    /^e-mail +nina@example\.com$/m,
    /^You work in .* now, as auditor\. Your account is nina@example\.com\.$/m,
    /You are invited to .* at Sluice/,
    /Nina Okafor +nina@example\.com +auditor +yes/,
  ],
];

let folder: string;
/** What the stand-in for `npx` notes: each command, and when it ended. */
let ends: string;
let dataDir: string;
let start: ChildProcess;
let release: (() => void) | undefined;
let database: Awaited<ReturnType<typeof ownDatabase>> = null;
let screen = '';

const ended = (child: ChildProcess): Promise<number | null> =>
  new Promise((done) => {
    child.once('close', done);
  });

/** Runs a script of the README as its reader would, from a folder beside the stack. */
const shell = async (script: string): Promise<{ code: number | null; output: string }> => {
  const child = spawn('bash', ['-euo', 'pipefail', '-c', `exec 2>&1\n${script}`], {
    cwd: folder,
    env: {
      PATH: [join(folder, 'bin'), process.env['PATH']].join(delimiter),
      HOME: folder,
      XDG_CONFIG_HOME: join(folder, 'config'),
      SLUICE_DATA_DIR: dataDir,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [output, code] = await Promise.all([text(child.stdout), ended(child)]);
  return { code, output };
};

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-readme-'));
  // The user that the embedded Postgres runs as, where we are root, has to reach it.
  chmodSync(folder, 0o755);
  dataDir = join(folder, 'data');
  ends = join(folder, 'ends.jsonl');
  mkdirSync(join(folder, 'bin'));
  const npx = `#!${process.execPath}
    const { spawnSync } = require('node:child_process');
    const [name, ...argv] = process.argv.slice(2);
    if (name !== 'sluice') process.exit(64);
    const { status } = spawnSync(process.execPath, [${JSON.stringify(join(ROOT, 'bin/sluice.mjs'))}, ...argv], { stdio: 'inherit' });
    require('node:fs').appendFileSync(${JSON.stringify(ends)}, JSON.stringify({ command: argv.join(' '), at: Date.now() }) + '\\n');
    process.exit(status ?? 1);`;
  writeFileSync(join(folder, 'bin', 'npx'), npx, { mode: 0o755 });
  expect([BLOCKS[0], scripts['start']]).toEqual(['npm start\n', 'exec node dev/start.mjs']);
  database = await ownDatabase();
  release = guardFolder(dataDir);
  start = spawn(process.execPath, ['dev/start.mjs', '--port-base', '0', '--data-dir', dataDir], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...(database ? { DATABASE_URL: database.url } : {}) },
  });
  for (const stream of [start.stdout, start.stderr])
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      screen += chunk;
    });
  await until('the screen of npm start', async () => (screen.includes('Ctrl-C stops it') || start.exitCode !== null ? true : undefined), 200_000);
});

afterAll(async () => {
  if (start?.exitCode === null) {
    start.kill('SIGTERM');
    await ended(start);
  }
  await database?.drop();
  release?.();
  rmSync(folder, { recursive: true, force: true });
});

test('every relative link leads somewhere, and every npm command is a script', () => {
  const links = [...README.matchAll(/\]\((?!https?:)([^)#]+)\)/g)].map(([, path = '']) => path);
  expect(links.filter((path) => !existsSync(path))).toEqual([]);
  const named = [...README.matchAll(/\bnpm (?:run )?([a-z][\w:]*)/g)].map(([, name = '']) => name).filter((name) => name !== 'registry');
  expect(named.filter((name) => !scripts[name])).toEqual([]);
  expect(BLOCKS.filter((block) => !TOUR.includes(block))).toEqual(['npm start\n', 'npm run check\nnpm test\n']);
});

test('npx finds the command line in a checkout', async () => {
  const child = spawn('npx', ['sluice', '--version'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [output, code] = await Promise.all([text(child.stdout), ended(child)]);
  expect([code, output.trim()]).toEqual([0, JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).version]);
});

test('npm start pays a thousand payees, and ends in a screen with addresses, people and the next step', () => {
  for (const said of [
    /^ready in [\d.]+ s$/m,
    /✓ paid +\d{3}$/m,
    /✓ audit log verified/,
    /✓ duplicates at the provider +0$/m,
    /^ {2}API +http:\/\/127/m,
  ])
    expect(screen).toMatch(said);
  expect(screen).not.toContain('✗');
});

describe('the tour', () => {
  test('prints what it says under each block', () => {
    expect(TOUR.length).toBe(SAYS.length);
  });

  test.each(TOUR.map((block, index) => ({ step: index + 1, block })))('step $step', async ({ step, block }) => {
    const { code, output } = await shell(block);
    expect({ code, output }).toMatchObject({ code: 0 });
    for (const said of SAYS[step - 1] ?? []) expect(output).toMatch(said);
  });

  test('the worker is killed before the batch is over, and the payment in doubt is settled by a lookup, sent once', () => {
    const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
    const commands = read('ends.jsonl')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { command: string; at: number });
    const proof = JSON.parse(read('evidence.json')) as BatchProof;
    const completed = proof.events.map(({ event }) => event).find(({ action }) => action === 'batch.complete');
    const killedAt = commands.find(({ command }) => command === 'dev kill worker')?.at;
    expect(new Date(String(completed?.['at'])).getTime()).toBeGreaterThan(killedAt ?? Number.POSITIVE_INFINITY);
    const cleo = proof.items.find(({ reference }) => reference === 'INV-2043')?.ordinal;
    const steps = proof.transitions.filter(({ ordinal }) => ordinal === cleo).map(({ to, source }) => ({ to, source }));
    expect(steps.at(-1)).toEqual({ to: 'paid', source: 'lookup' });
    expect(proof.attempts.map(({ purpose }) => purpose)).toEqual(['first']);
  });

  test('a code opens one gate; piped once more it opens nothing, and the command says when to come again', async () => {
    const again =
      await shell(`for n in 1 2; do npx sluice --as preparer --json batch create my.csv --allow-duplicates --external-id again-$n >/dev/null; done
      code=$(npx sluice dev code approver)
      echo $code | npx sluice --as approver batch approve again-1
      echo $code | npx sluice --as approver batch approve again-2 || echo "exit $?"`);
    expect(again).toMatchObject({ code: 0 });
    expect(again.output).toMatch(/^state +approved(, \w+)*$/m);
    expect(again.output).toMatch(/This code was used already\. The next one is valid in \d+ s\. Nothing was done\.\nnext: run the same again/);
    expect(again.output).toMatch(/^exit 1$/m);
  });
});

test('the commands of the screen reach this stack, which has a data folder and ports of its own, typed anew in the clone', async () => {
  const lines = [...screen.matchAll(/^ {2}(SLUICE_DATA_DIR=\S+ npx sluice (.*?)) {3}/gm)].map(([, line = '', command = '']) => ({ line, command }));
  expect(lines.map(({ command }) => command.trim())).toEqual([
    '--as preparer batch create my.csv',
    ...['dev code approver', 'dev kill worker', 'audit verify', 'doctor'],
  ]);
  for (const { line } of lines.filter(({ command }) => /^(dev code|audit|doctor)/.test(command)))
    expect(await shell(`cd "${ROOT}" && unset SLUICE_DATA_DIR && ${line}`)).toMatchObject({ code: 0 });
  expect(screen).toContain(`npm run reset -- --data-dir ${dataDir} wipes it.`);
});

test('a second npm start shows the stack that runs; Ctrl-C stops it; npm run reset wipes it', async () => {
  const second = await shell(`cd "${ROOT}" && node dev/start.mjs --data-dir "${dataDir}"`);
  expect(second).toMatchObject({ code: 0, output: expect.stringContaining('It runs already') });
  const reset = `cd "${ROOT}" && ${scripts['reset']} --yes --data-dir "${dataDir}"`;
  expect((await shell(reset)).output).toContain('Stop it with Ctrl-C first');
  expect(existsSync(join(dataDir, 'stack.json'))).toBe(true);
  // A terminal sends Ctrl-C to the launcher and to the stack; the supervisor's id stands in the roll.
  const { supervisor } = JSON.parse(readFileSync(join(dataDir, 'roll.json'), 'utf8')) as { supervisor: { pid: number } };
  process.kill(supervisor.pid, 'SIGINT');
  expect(await ended(start)).toBe(130);
  expect(screen).toMatch(/^stopped in [\d.]+ s$/m);
  expect(await shell(reset)).toMatchObject({ code: 0, output: expect.stringContaining('is wiped') });
  expect(existsSync(dataDir)).toBe(false);
});
