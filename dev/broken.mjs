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
const RUN_MAX_MS = 10 * 60_000;

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
const worktree = join(folder, 'tree');
git(ROOT, 'worktree', 'add', '--detach', worktree, 'HEAD');
process.on('SIGINT', () => process.exit(130));
process.on('exit', () => {
  spawnSync('git', ['worktree', 'remove', '--force', worktree], { cwd: ROOT });
  rmSync(folder, { recursive: true, force: true });
});
for (const path of BORROWED) symlinkSync(resolve(ROOT, path), join(worktree, path));
if (patches.some(({ family }) => family === 'temporal' || family === 'end-to-end')) await ensureTemporal((line) => console.log(line));
const database = patches.some(({ family }) => family !== 'unit') ? await startDatabase() : null;

// A test that fails without a patch would prove nothing.
for (const group of groupsOf(patches)) {
  const { ran, failed } = runTests(group, 'baseline');
  if (failed.length > 0) fail(`without any patch these are red:\n${failed.join('\n')}`);
  if (ran === 0) fail(`without any patch no test of ${group.tests.join(', ')} runs`);
}

const missed = [];
for (const patch of patches) {
  const started = Date.now();
  const verdict = withoutSafeguard(patch);
  console.log(`${verdict.noticed ? 'noticed' : 'MISSED '}  ${patch.name.padEnd(28)} ${verdict.why}  ${((Date.now() - started) / 1000).toFixed(0)} s`);
  if (!verdict.noticed) missed.push(patch.name);
}
await database?.stop();
console.log(`broken: ${patches.length - missed.length} noticed, ${missed.length} missed`);
process.exitCode = missed.length === 0 ? 0 : 1;

function withoutSafeguard(patch) {
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
  const { ran, failed } = runTests({ family, tests: [test], only, schema }, name);
  // A file that no longer compiles notices nothing: only a test that ran and failed counts.
  if (failed[0]) return { noticed: true, why: failed[0] };
  return { noticed: false, why: ran > 0 ? `${test} stayed green (${ran} passed)` : `no test of ${test} ran` };
}

/** Runs tests in the worktree as it is. Returns how many ran, and the titles of those that failed. */
function runTests({ family, tests, only, schema }, name) {
  const report = join(folder, `${name}-${family}.json`);
  rmSync(report, { force: true });
  const jest = ['node_modules/jest/bin/jest.js', '--selectProjects', family, '--runTestsByPath', ...tests, ...(only ? ['-t', only] : [])];
  spawnSync(
    process.execPath,
    ['--experimental-vm-modules', '--no-warnings', ...jest, '--json', '--outputFile', report, '--cacheDirectory', join(folder, 'cache')],
    { cwd: worktree, stdio: process.env.VERBOSE ? 'inherit' : 'ignore', timeout: RUN_MAX_MS, env: { ...process.env, ...database?.env(schema) } },
  );
  if (!existsSync(report)) return { ran: 0, failed: [] };
  const results = JSON.parse(readFileSync(report, 'utf8')).testResults.flatMap((file) => file.assertionResults);
  return {
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

/** One database server for all runs. A patch of the schema needs its own template, which its run creates. */
async function startDatabase() {
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
