// Runs every test whose title holds a claim id, and prints one row per claim of docs/claims.md.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureInstalled, ensureTemporal } from './install.mjs';

await ensureInstalled((line) => console.log(line));
await ensureTemporal((line) => console.log(line));
const folder = mkdtempSync(join(tmpdir(), 'sluice-conformance-'));
const report = join(folder, 'report.json');
const claims = [...readFileSync('docs/claims.md', 'utf8').matchAll(/^\| (S\d-\d\d) \| (\w*) \| (.+) \|$/gm)].map(([, id, kind, text]) => ({
  id,
  kind,
  text,
}));

spawnSync(
  process.execPath,
  [
    '--experimental-vm-modules',
    '--no-warnings',
    'node_modules/jest/bin/jest.js',
    '--maxWorkers',
    '1',
    '-t',
    '\\[S\\d-\\d\\d\\]',
    '--json',
    '--outputFile',
    report,
  ],
  { stdio: ['ignore', 'ignore', process.env.VERBOSE ? 'inherit' : 'ignore'] },
);
if (!existsSync(report)) {
  console.error('jest wrote no report; run again with VERBOSE=1 to see why');
  process.exit(1);
}
const tests = JSON.parse(readFileSync(report, 'utf8')).testResults.flatMap((file) => file.assertionResults);
rmSync(folder, { recursive: true, force: true });

let broken = 0;
let proved = 0;
for (const { id, kind, text } of claims) {
  const about = tests.filter((test) => test.title.includes(`[${id}]`) && test.status !== 'pending');
  const failed = about.find((test) => test.status === 'failed');
  if (failed) {
    broken++;
    console.log(`${id} BROKEN ${failed.title}`);
  } else if (about.length > 0) {
    proved++;
    console.log(`${id} proved ${about.map((test) => test.fullName.replaceAll(/ ?\[S\d-\d\d\]/g, '')).join('; ')}`);
  } else console.log(`${id} ${kind ? `outside the code (${kind})` : 'not yet'} ${text}`);
}
console.log(`conformance: ${proved} proved, ${broken} broken, ${claims.length - proved - broken} open`);
process.exit(broken > 0 ? 1 : 0);
