// Takes one safeguard away at a time and fails when the test that should notice stays green.
// `npm run test:broken [-- NAME …]`: each test/broken/NAME.patch names its test in its first lines.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureInstalled } from './install.mjs';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const PATCHES = join(ROOT, 'test', 'broken');
/** Not in git, but needed by a worktree; nothing of it is changed by a patch. */
const BORROWED = ['node_modules', 'prisma/generated'];

await ensureInstalled((line) => console.log(line));
const wanted = process.argv.slice(2);
const names = readdirSync(PATCHES)
  .filter((file) => file.endsWith('.patch'))
  .map((file) => file.slice(0, -'.patch'.length))
  .filter((name) => wanted.length === 0 || wanted.includes(name));
if (names.length === 0) fail(`no patch of that name in test/broken; there are: ${readdirSync(PATCHES).join(', ')}`);

const folder = mkdtempSync(join(tmpdir(), 'sluice-broken-'));
const worktree = join(folder, 'tree');
git(ROOT, 'worktree', 'add', '--detach', worktree, 'HEAD');
process.on('SIGINT', () => process.exit(130));
process.on('exit', () => {
  spawnSync('git', ['worktree', 'remove', '--force', worktree], { cwd: ROOT });
  rmSync(folder, { recursive: true, force: true });
});
for (const path of BORROWED) symlinkSync(resolve(ROOT, path), join(worktree, path));

const missed = [];
for (const name of names) {
  const started = Date.now();
  const verdict = withoutSafeguard(name);
  console.log(`${verdict.noticed ? 'noticed' : 'MISSED '}  ${name.padEnd(32)} ${verdict.why}  ${((Date.now() - started) / 1000).toFixed(0)} s`);
  if (!verdict.noticed) missed.push(name);
}
console.log(`broken: ${names.length - missed.length} noticed, ${missed.length} missed`);
process.exitCode = missed.length === 0 ? 0 : 1;

function withoutSafeguard(name) {
  const path = join(PATCHES, `${name}.patch`);
  const { family, test, only } = header(readFileSync(path, 'utf8'), name);
  git(worktree, 'checkout', '--force', '--quiet', 'HEAD');
  const applied = spawnSync('git', ['apply', path], { cwd: worktree, encoding: 'utf8' });
  if (applied.status !== 0) return { noticed: false, why: `the patch does not apply: ${applied.stderr.trim().split('\n')[0]}` };
  const report = join(folder, `${name}.json`);
  const filter = only ? ['-t', only] : [];
  const jest = ['node_modules/jest/bin/jest.js', '--selectProjects', family, '--runTestsByPath', test, ...filter, '--json', '--outputFile', report];
  spawnSync(process.execPath, ['--experimental-vm-modules', '--no-warnings', ...jest], { cwd: worktree, stdio: 'ignore' });
  if (!existsSync(report)) return { noticed: false, why: `${test} did not run` };
  const { numFailedTests, numPassedTests, testResults } = JSON.parse(readFileSync(report, 'utf8'));
  const failed = testResults.flatMap((file) => file.assertionResults).find((one) => one.status === 'failed');
  // A file that no longer compiles notices nothing: only a test that ran and failed counts.
  if (numFailedTests > 0 && failed) return { noticed: true, why: failed.title };
  return { noticed: false, why: `${test} stayed green (${numPassedTests} passed)` };
}

function header(text, name) {
  const field = (key) => new RegExp(`^# ${key}: (.+)$`, 'm').exec(text)?.[1];
  const [family, test, only] = [field('family'), field('test'), field('only')];
  if (!family || !test) fail(`test/broken/${name}.patch must begin with "# family: …" and "# test: …"`);
  return { family, test, only };
}

function git(cwd, ...args) {
  const { status, stderr } = spawnSync('git', args, { cwd, encoding: 'utf8' });
  if (status !== 0) fail(`git ${args.join(' ')}: ${stderr}`);
}

function fail(message) {
  console.error(message);
  process.exit(2);
}
