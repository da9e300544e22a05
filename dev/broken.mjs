// Removes one safeguard at a time and fails when the test that should notice stays green.
// `npm run test:broken [-- NAME …]`: test/broken/NAME.txt names its test and the replacement; dev/broken/patches.ts describes the format.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { ensureInstalled, ensureTemporal } from './install.mjs';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
/** Not in git, but a worktree needs them; no patch changes them. */
const BORROWED = ['node_modules', 'prisma/generated'];
/** The test of one patch, and all tests of a family without any, end within this. */
const RUN_MAX_MS = 10 * 60_000;
const BASELINE_MAX_MS = 90 * 60_000;
/** Patches are tried side by side in so many checkouts. */
const LANES = 2;

await ensureInstalled((line) => console.log(line));
const { register } = await import('tsx/esm/api');
register();
const { applyPatch, FOLDER, patchNames, readPatch } = await import('./broken/patches.ts');

const wanted = process.argv.slice(2);
const names = patchNames(ROOT);
const unknown = wanted.filter((name) => !names.includes(name));
if (unknown.length > 0) fail(`${FOLDER} has no ${unknown.join(', ')}; there are: ${names.join(', ')}`);
const patches = names.filter((name) => wanted.length === 0 || wanted.includes(name)).map((name) => readPatch(ROOT, name));

const folder = mkdtempSync(join(tmpdir(), 'sluice-broken-'));
const worktrees = [];
const running = new Set();
for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
])
  process.on(signal, () => process.exit(code));
process.on('exit', () => {
  for (const child of running) child.kill();
  for (const worktree of worktrees) spawnSync('git', ['worktree', 'remove', '--force', worktree], { cwd: ROOT });
  rmSync(folder, { recursive: true, force: true });
});
if (patches.some(({ family }) => family === 'temporal' || family === 'end-to-end')) await ensureTemporal((line) => console.log(line));
const lanes = [];
for (let number = 1; number <= Math.min(LANES, patches.length); number += 1) lanes.push(await openLane(number));

// A test that fails without a patch would prove nothing.
await inLanes(groupsOf(patches), async (lane, group) => {
  const { ran, failed, ended } = await runTests(lane, group, 'baseline', BASELINE_MAX_MS);
  if (!ended) fail(`without any patch these did not end in ${BASELINE_MAX_MS / 60_000} minutes: ${group.tests.join(', ')}`);
  if (failed.length > 0) fail(`without any patch these are red:\n${failed.join('\n')}`);
  if (ran === 0) fail(`without any patch no test of ${group.tests.join(', ')} runs`);
});

const missed = [];
await inLanes(patches, async (lane, patch) => {
  const started = Date.now();
  const verdict = await withoutSafeguard(lane, patch);
  console.log(`${verdict.noticed ? 'noticed' : 'MISSED '}  ${patch.name.padEnd(28)} ${verdict.why}  ${((Date.now() - started) / 1000).toFixed(0)} s`);
  if (!verdict.noticed) missed.push(patch.name);
});
for (const { database } of lanes) await database?.stop();
console.log(`broken: ${patches.length - missed.length} noticed, ${missed.length} missed${missed.length > 0 ? `: ${missed.join(', ')}` : ''}`);
process.exitCode = missed.length === 0 ? 0 : 1;

/** Gives each lane the next piece of work as soon as it is free. */
async function inLanes(work, run) {
  const left = [...work];
  await Promise.all(
    lanes.map(async (lane) => {
      for (let next = left.shift(); next !== undefined; next = left.shift()) await run(lane, next);
    }),
  );
}

/** A checkout and a database server of its own: a patch of the schema changes what the roles of its whole server may do. */
async function openLane(number) {
  const worktree = join(folder, `tree-${number}`);
  git(ROOT, 'worktree', 'add', '--detach', worktree, 'HEAD');
  worktrees.push(worktree);
  for (const path of BORROWED) symlinkSync(resolve(ROOT, path), join(worktree, path));
  return { number, worktree, database: patches.some(({ family }) => family !== 'unit') ? await startDatabase(worktree) : null };
}

async function withoutSafeguard(lane, patch) {
  const { worktree } = lane;
  const { name, family, test, only } = patch;
  git(worktree, 'checkout', '--force', '--quiet', 'HEAD');
  let changed;
  try {
    changed = applyPatch(patch, worktree);
  } catch (error) {
    return { noticed: false, why: `the patch does not apply: ${error.message}` };
  }
  for (const [path, text] of changed) writeFileSync(join(worktree, path), text);
  const schema = [...changed.keys()].some((path) => path.startsWith('prisma/')) ? 'own' : 'shared';
  const { ran, failed, ended } = await runTests(lane, { family, tests: [test], only, schema }, name, RUN_MAX_MS);
  if (!ended) return { noticed: false, why: `${test} did not end in ${RUN_MAX_MS / 60_000} minutes` };
  // A file that no longer compiles notices nothing: only a test that ran and failed counts.
  if (failed[0]) return { noticed: true, why: failed[0] };
  return { noticed: false, why: ran > 0 ? `${test} stayed green (${ran} passed)` : `no test of ${test} ran` };
}

/** Runs tests in the lane's checkout as it is. Returns whether they ended in time, how many ran, and the titles of those that failed. */
async function runTests({ number, worktree, database }, { family, tests, only, schema }, name, timeout) {
  const report = join(folder, `${name}-${family}-${number}.json`);
  rmSync(report, { force: true });
  const jest = ['node_modules/jest/bin/jest.js', '--selectProjects', family, '--runTestsByPath', ...tests, ...(only ? ['-t', only] : [])];
  const child = spawn(
    process.execPath,
    [
      ...['--experimental-vm-modules', '--no-warnings', ...jest],
      ...['--json', '--outputFile', report, '--cacheDirectory', join(folder, `cache-${number}`)],
    ],
    { cwd: worktree, stdio: process.env.VERBOSE ? 'inherit' : 'ignore', timeout, env: { ...process.env, ...database?.env(schema) } },
  );
  running.add(child);
  const [code] = await once(child, 'exit');
  running.delete(child);
  if (code === null) return { ended: false, ran: 0, failed: [] };
  if (!existsSync(report)) return { ended: true, ran: 0, failed: [] };
  const results = JSON.parse(readFileSync(report, 'utf8')).testResults.flatMap((file) => file.assertionResults);
  return {
    ended: true,
    ran: results.filter(({ status }) => status === 'passed' || status === 'failed').length,
    failed: results.flatMap(({ status, title }) => (status === 'failed' ? [title] : [])),
  };
}

/** All named tests, in as few runs as the filters allow. */
function groupsOf(all) {
  const groups = new Map();
  for (const { family, test, only } of all) {
    const key = `${family} ${only ? 'some' : 'all'}`;
    const group = groups.get(key) ?? { family, tests: new Set(), filters: new Set() };
    group.tests.add(test);
    if (only) group.filters.add(`(${only})`);
    groups.set(key, group);
  }
  return [...groups.values()].map(({ family, tests, filters }) => ({ family, tests: [...tests], only: [...filters].join('|'), schema: 'shared' }));
}

/** One database server for all runs of a lane. A patch of the schema needs its own template, which its run creates. */
async function startDatabase(worktree) {
  const child = spawn(process.execPath, ['--import', 'tsx', 'test/harness/database-server.ts'], {
    cwd: worktree,
    detached: true,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  const first = once(createInterface({ input: child.stdout }), 'line');
  const [line] = await Promise.race([first, ended]);
  if (child.exitCode !== null) fail(`the test database did not start (exit code ${child.exitCode})`);
  const own = { DATABASE_URL: JSON.parse(line).ownerUrl };
  return {
    env: (schema) => (schema === 'own' ? own : { SLUICE_TEST_DATABASE: line }),
    stop: async () => {
      child.stdin.end();
      await ended;
    },
  };
}

function git(cwd, ...args) {
  const { status, stderr } = spawnSync('git', args, { cwd, encoding: 'utf8' });
  if (status !== 0) fail(`git ${args.join(' ')}: ${stderr}`);
}

function fail(message) {
  console.error(message);
  process.exit(2);
}
