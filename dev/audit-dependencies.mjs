// Asks the registry for the advisories about every package of package-lock.json, and prints them, the gravest first.
// Exits with 0 when none is high or critical, with 1 when one is, and with 3 when the advisories could not be asked for: that is no pass.
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const NOT_CHECKED = 3;
const SEVERITIES = ['critical', 'high', 'moderate', 'low', 'info'];
/** Anything else fails, also a word that npm has learnt since. */
const MILD = ['moderate', 'low', 'info'];
/**
 * A version with an advisory that whoever has advisories has (CVE-2021-44906). A registry that answers without it has none, and npm that is
 * set to work offline asks nobody: their silence about our packages would look like a pass. Nothing of it is installed.
 */
const KNOWN = { name: 'minimist', version: '0.0.8' };
/** npm waits for five minutes, three times. */
const PATIENCE = { npm_config_fetch_timeout: '20000', npm_config_fetch_retries: '1', npm_config_fetch_retry_mintimeout: '1000' };

const known = advisoriesOf(auditKnown());
if (!known.some(({ name }) => name === KNOWN.name)) giveUp(`the registry says nothing about ${KNOWN.name} ${KNOWN.version}, so it has no advisories`);
const report = audit(process.cwd());
const found = advisoriesOf(report).sort((a, b) => SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity));
for (const { severity, name, range, title, url } of found) console.log(`${severity.padEnd(8)}  ${name} ${range}  ${title}  ${url}`);
const grave = found.filter(({ severity }) => !MILD.includes(severity)).length;
console.log(`dependencies: ${report.metadata.dependencies.total} checked; advisories: ${found.length}, high or critical: ${grave}`);
process.exitCode = grave > 0 ? 1 : 0;

/** The report of npm about the lock file of a folder. Ends the process when there is none. */
function audit(folder) {
  const { stdout, stderr, error } = spawnSync('npm', ['audit', '--json', '--package-lock-only', '--include=dev'], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...PATIENCE, ...process.env },
    maxBuffer: 64 * 1024 * 1024,
    timeout: 300_000,
  });
  if (error) giveUp(error.message);
  const report = read(stdout);
  if (report?.auditReportVersion !== 2 || !(report.metadata?.dependencies?.total > 0))
    giveUp(report?.message ?? report?.error?.summary ?? stderr.trim().split('\n', 1)[0]);
  return report;
}

function auditKnown() {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-known-advisory-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  const { name, version } = KNOWN;
  const project = { name: 'known-advisory', version: '0.0.0', dependencies: { [name]: version } };
  const packages = { '': project, [`node_modules/${name}`]: { version } };
  writeFileSync(join(folder, 'package.json'), JSON.stringify(project));
  writeFileSync(join(folder, 'package-lock.json'), JSON.stringify({ ...project, lockfileVersion: 3, requires: true, packages }));
  // It may name the registry.
  if (existsSync('.npmrc')) copyFileSync('.npmrc', join(folder, '.npmrc'));
  return audit(folder);
}

/** Each advisory once: npm repeats it under every package that leads to it. */
function advisoriesOf({ vulnerabilities }) {
  const advisories = Object.values(vulnerabilities).flatMap(({ via }) => via.filter((one) => typeof one === 'object'));
  return [...new Map(advisories.map((one) => [`${one.name} ${one.source}`, one])).values()];
}

function read(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function giveUp(why) {
  console.log(`dependencies: NOT CHECKED, because the advisories could not be read: ${why || 'npm did not say why'}`);
  process.exit(NOT_CHECKED);
}
