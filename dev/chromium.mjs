// Finds a Chromium for the pictures of the README and for the tests of pages, and installs one where that takes no question.
// Plain JavaScript without dependencies, like `dev/install.mjs`.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** Of Chromium's start: nothing that asks other machines by itself, and no shared memory, of which containers have little. */
export const CHROMIUM_FLAGS = [
  '--disable-gpu',
  '--disable-quic',
  '--disable-dev-shm-usage',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/**
 * The path of a Chromium that runs: CHROMIUM, else one of /usr/bin or PATH, else the package of a Debian-like system, which root may install.
 * Reports an installation in one line. Throws an Error that says which package to install.
 * @param {(line: string) => void} say
 */
export async function ensureChromium(say) {
  const named = process.env.CHROMIUM;
  if (named) {
    if (runs(named)) return named;
    throw new Error(`CHROMIUM names ${named}, which does not run as a Chromium. Set it to the program of one, or unset it.`);
  }
  const found = findInstalled();
  if (found) return found;
  const manually = 'Install the package `chromium` (on macOS: `brew install --cask chromium`), or set CHROMIUM to the program of one.';
  if (process.getuid?.() !== 0 || !existsSync('/etc/debian_version')) throw new Error(`There is no Chromium here. ${manually}`);
  const failure = await install(say);
  const installed = findInstalled();
  if (installed) return installed;
  throw new Error(`Chromium could not be installed: ${failure ?? 'the package brought no program that runs'}\n${manually}`);
}

function findInstalled() {
  const folders = ['/usr/bin', ...(process.env.PATH ?? '').split(delimiter)];
  // Some systems have a program of this name that only says how to get the real one.
  return NAMES.flatMap((name) => folders.map((folder) => join(folder, name))).find((file) => existsSync(file) && runs(file)) ?? null;
}

function runs(file) {
  const { status, stdout } = spawnSync(file, ['--version'], { encoding: 'utf8', timeout: 60_000 });
  return status === 0 && /chrom/i.test(stdout);
}

/** Installs the package, with fresh lists where they are missing or old. Null when that went well, else the end of what apt said. */
async function install(say) {
  const started = Date.now();
  const packages = ['install', '-y', '--no-install-recommends', 'chromium'];
  let failure = await apt(packages);
  if (failure !== null) failure = (await apt(['update'])) ?? (await apt(packages));
  say(`${'chromium'.padEnd(18)} ${((Date.now() - started) / 1000).toFixed(1)} s`);
  return failure;
}

/** Runs without holding up whoever waits for it. */
function apt(args) {
  return new Promise((done) => {
    const child = spawn('apt-get', ['-q', '-o', 'Acquire::Retries=1', '-o', 'Acquire::http::Timeout=20', ...args], {
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    const keep = (part) => {
      output = `${output}${part}`.slice(-4_000);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.once('error', (error) => done(error.message));
    child.once('close', (code) => done(code === 0 ? null : output.trim().split('\n').slice(-5).join('\n')));
  });
}
