// Mutation testing: changes the checks of permissions, gates, signatures, codes and keys one place at a time, and counts the changes that
// no test notices. `npm run test:security [-- FILE …]`; without files, all that stryker.config.mjs names. Fails below 85% of any file.
// What nothing touched since the last run is not tried again; delete the folder .sluice-security to begin anew.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import config from '../stryker.config.mjs';
import { ensureInstalled } from './install.mjs';

const LEAST = config.thresholds.break;
const report = config.jsonReporter.fileName;

await ensureInstalled((line) => console.log(line));
const files = process.argv.slice(2);
const unknown = files.filter((file) => !existsSync(file));
if (unknown.length > 0) {
  console.error(`no such file: ${unknown.join(', ')}`);
  process.exit(2);
}

rmSync(report, { force: true });
const only = files.length > 0 ? ['--mutate', files.join(',')] : [];
const stryker = spawn(process.execPath, ['node_modules/@stryker-mutator/core/bin/stryker.js', 'run', 'stryker.config.mjs', ...only], {
  stdio: 'inherit',
});
// A terminal's Ctrl-C reaches Stryker too, but npm hands a signal on to this process alone.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => stryker.kill(signal));
const status = await new Promise((resolve) => stryker.on('exit', (code) => resolve(code ?? 1)));
if (!existsSync(report)) {
  console.error('Stryker wrote no report; its last lines say why');
  process.exit(1);
}

const mutated = Object.entries(JSON.parse(readFileSync(report, 'utf8')).files);
const rows = mutated.map(([file, { mutants }]) => rowOf(file, mutants));
const all = rowOf(
  'all',
  mutated.flatMap(([, { mutants }]) => mutants),
);
console.log(`\n${'file'.padEnd(42)}  changes  noticed  without end  survived  no test  noticed`);
for (const { file, killed, timedOut, survived, untested, valid, score } of [...rows, all])
  console.log(
    [
      file.padEnd(42),
      ...[String(valid).padStart(7), String(killed).padStart(7), String(timedOut).padStart(11), String(survived).padStart(8)],
      ...[String(untested).padStart(7), `${score.toFixed(1)}%`.padStart(7)],
    ].join('  '),
  );
const low = rows.filter(({ score }) => score < LEAST).map(({ file, score }) => `${file} ${score.toFixed(1)}%`);
console.log(
  `security: ${all.killed + all.timedOut} of ${all.valid} changes noticed, ${all.score.toFixed(1)}%; below ${LEAST}%: ${low.join(', ') || 'no file'}`,
);
process.exitCode = status !== 0 || low.length > 0 || all.valid === 0 ? 1 : 0;

/** Changes that do not even load are left out, as Stryker does it. */
function rowOf(file, mutants) {
  const count = (status) => mutants.filter((mutant) => mutant.status === status).length;
  const [killed, timedOut, survived, untested] = ['Killed', 'Timeout', 'Survived', 'NoCoverage'].map(count);
  const valid = killed + timedOut + survived + untested;
  return { file, killed, timedOut, survived, untested, valid, score: valid === 0 ? 100 : (100 * (killed + timedOut)) / valid };
}
