// Runs the test families one after the other, prints the minutes of each family and a last line with the counts.
// `node dev/test.mjs [family …] [-- jest arguments]`; without names, all of them.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureChromium } from './chromium.mjs';
import { ensureInstalled, ensureTemporal } from './install.mjs';

const FAMILIES = [
  { name: 'unit', workers: 2 },
  { name: 'database', workers: 2 },
  { name: 'temporal', workers: 1, needsTemporal: true },
  { name: 'end-to-end', workers: 1, needsTemporal: true, needsChromium: true },
];

const [names, jestArguments] = split(process.argv.slice(2));
await ensureInstalled((line) => console.log(line));

const unknown = names.filter((name) => !FAMILIES.some((family) => family.name === name));
if (unknown.length > 0) {
  console.error(`no such family: ${unknown.join(', ')}; there are ${FAMILIES.map((family) => family.name).join(', ')}`);
  process.exit(2);
}

const chosen = FAMILIES.filter(({ name }) => names.length === 0 || names.includes(name));
if (chosen.some(({ needsTemporal }) => needsTemporal)) await ensureTemporal((line) => console.log(line));
// Only the tests of pages need it. Where there is none they fail and say so; the others run.
if (chosen.some(({ needsChromium }) => needsChromium))
  await ensureChromium((line) => console.log(line)).catch((error) => console.error(error.message));

let running = null;
// A terminal's Ctrl-C reaches the run of jest too, but npm hands a signal on to this process alone.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
  process.on(signal, () => {
    running?.kill(signal);
    rmSync(folder, { recursive: true, force: true });
    process.exit(1);
  });

const folder = mkdtempSync(join(tmpdir(), 'sluice-test-'));
const rows = [];
try {
  for (const family of chosen) rows.push(await run(family));
} finally {
  rmSync(folder, { recursive: true, force: true });
}

console.log('\nfamily        minutes   passed   failed');
for (const row of rows)
  console.log(`${row.name.padEnd(12)}  ${row.minutes.toFixed(1).padStart(7)}  ${String(row.passed).padStart(7)}  ${String(row.failed).padStart(7)}`);
const passed = rows.reduce((sum, row) => sum + row.passed, 0);
const failed = rows.reduce((sum, row) => sum + row.failed, 0);
console.log(`tests: ${passed} passed, ${failed} failed`);
process.exit(failed > 0 || passed === 0 ? 1 : 0);

async function run({ name, workers }) {
  const started = Date.now();
  const report = join(folder, `${name}.json`);
  const atOnce = jestArguments.includes('--maxWorkers') ? [] : ['--maxWorkers', String(workers)];
  const jest = ['node_modules/jest/bin/jest.js', '--selectProjects', name, ...atOnce, '--json', '--outputFile', report];
  const child = spawn(process.execPath, ['--experimental-vm-modules', '--no-warnings', ...jest, ...jestArguments], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  running = child;
  const status = await new Promise((resolve) => child.on('exit', (code) => resolve(code ?? 1)));
  const minutes = (Date.now() - started) / 60_000;
  if (!existsSync(report)) return { name, minutes, passed: 0, failed: 1 };
  const { numPassedTests, numFailedTests, numRuntimeErrorTestSuites } = JSON.parse(readFileSync(report, 'utf8'));
  // A file that does not load has no failed test, so it counts as one; a run that jest reports as failed counts as failed.
  const failedTests = numFailedTests + numRuntimeErrorTestSuites;
  return { name, minutes, passed: numPassedTests, failed: failedTests === 0 && status !== 0 ? 1 : failedTests };
}

function split(words) {
  const at = words.indexOf('--');
  return at < 0 ? [words, []] : [words.slice(0, at), words.slice(at + 1)];
}
