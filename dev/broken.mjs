// Takes one safeguard away at a time and fails when the test that should notice stays green.
// `npm run test:broken [-- NAME …]`: each test/broken/NAME.patch names its test in its first lines.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { ensureInstalled } from './install.mjs';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const PATCHES = join(ROOT, 'test', 'broken');
/** Not in git, but needed by a worktree; nothing of it is changed by a patch. */
const BORROWED = ['node_modules', 'prisma/generated'];
const RUN_MOST_MS = 10 * 60_000;

await ensureInstalled((line) => console.log(line));
const wanted = process.argv.slice(2);
const patches = readdirSync(PATCHES)
  .filter((file) => file.endsWith('.patch'))
  .map((file) => readPatch(file.slice(0, -'.patch'.length)))
  .filter(({ name }) => wanted.length === 0 || wanted.includes(name));
const unknown = wanted.filter((name) => !patches.some((patch) => patch.name === name));
if (unknown.length > 0) fail(`test/broken has no ${unknown.join(', ')}; there are: ${readdirSync(PATCHES).join(', ')}`);

const folder = mkdtempSync(join(tmpdir(), 'sluice-broken-'));
const worktree = join(folder, 'tree');
git(ROOT, 'worktree', 'add', '--detach', worktree, 'HEAD');
process.on('SIGINT', () => process.exit(130));
process.on('exit', () => {
  spawnSync('git', ['worktree', 'remove', '--force', worktree], { cwd: ROOT });
  rmSync(folder, { recursive: true, force: true });
});
for (const path of BORROWED) symlinkSync(resolve(ROOT, path), join(worktree, path));
const database = patches.some(({ family }) => family !== 'unit') ? await startDatabase() : null;

// A test that is red anyway notices nothing.
for (const group of groupsOf(patches)) {
  const { ran, failed } = runTests(group, 'baseline');
  if (failed || ran === 0) fail(`without any patch, ${failed ? `"${failed}" is red` : `no test of ${group.tests.join(', ')} runs`}`);
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

function withoutSafeguard({ name, path, text, family, test, only }) {
  git(worktree, 'checkout', '--force', '--quiet', 'HEAD');
  const applied = spawnSync('git', ['apply', path], { cwd: worktree, encoding: 'utf8' });
  if (applied.status !== 0) return { noticed: false, why: `the patch does not apply: ${applied.stderr.trim().split('\n')[0]}` };
  const schema = text.includes('--- a/prisma/') ? 'own' : 'shared';
  const { ran, failed } = runTests({ family, tests: [test], only, schema }, name);
  // A file that no longer compiles notices nothing: only a test that ran and failed counts.
  if (failed) return { noticed: true, why: failed };
  return { noticed: false, why: ran > 0 ? `${test} stayed green (${ran} passed)` : `no test of ${test} ran` };
}

/** Runs tests in the worktree as it is. How many ran, and the title of the first that failed. */
function runTests({ family, tests, only, schema }, name) {
  const report = join(folder, `${name}-${family}.json`);
  rmSync(report, { force: true });
  const jest = ['node_modules/jest/bin/jest.js', '--selectProjects', family, '--runTestsByPath', ...tests, ...(only ? ['-t', only] : [])];
  spawnSync(
    process.execPath,
    ['--experimental-vm-modules', '--no-warnings', ...jest, '--json', '--outputFile', report, '--cacheDirectory', join(folder, 'cache')],
    { cwd: worktree, stdio: process.env.VERBOSE ? 'inherit' : 'ignore', timeout: RUN_MOST_MS, env: { ...process.env, ...database?.env(schema) } },
  );
  if (!existsSync(report)) return { ran: 0, failed: null };
  const results = JSON.parse(readFileSync(report, 'utf8')).testResults.flatMap((file) => file.assertionResults);
  return {
    ran: results.filter(({ status }) => status === 'passed' || status === 'failed').length,
    failed: results.find(({ status }) => status === 'failed')?.title ?? null,
  };
}

/** All tests that are named, in as few runs as filters allow. */
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

/** One database server for all runs. What a patch does to the schema needs a template of its own, made by the run. */
async function startDatabase() {
  const child = spawn(process.execPath, ['--import', 'tsx', 'test/harness/database-server.ts'], {
    cwd: worktree,
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

function readPatch(name) {
  const path = join(PATCHES, `${name}.patch`);
  const text = readFileSync(path, 'utf8');
  const field = (key) => new RegExp(`^# ${key}: (.+)$`, 'm').exec(text)?.[1];
  const [family, test, only] = [field('family'), field('test'), field('only')];
  if (!family || !test) fail(`test/broken/${name}.patch must begin with "# family: …" and "# test: …"`);
  return { name, path, text, family, test, only };
}

function git(cwd, ...args) {
  const { status, stderr } = spawnSync('git', args, { cwd, encoding: 'utf8' });
  if (status !== 0) fail(`git ${args.join(' ')}: ${stderr}`);
}

function fail(message) {
  console.error(message);
  process.exit(2);
}
