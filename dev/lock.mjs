// Writes package-lock.json so that `npm ci` works everywhere: run `npm run lock` after a change of package.json.
// npm leaves out packages of other platforms when the registry does not have them, and `npm ci` then refuses the lock file on
// every machine. The packages that name them also pin their versions, so this script can add the entries.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';

const PLATFORMS = ['aix', 'android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'openharmony', 'sunos', 'win32', 'windows'];
const ARCHITECTURES = {
  arm64: 'arm64',
  arm: 'arm',
  x64: 'x64',
  ia32: 'ia32',
  ppc64: 'ppc64',
  s390x: 's390x',
  riscv64: 'riscv64',
  loong64: 'loong64',
  mips64el: 'mips64el',
};

const { status } = spawnSync('npm', ['install', '--package-lock-only', '--ignore-scripts', '--no-audit', '--no-fund'], { stdio: 'inherit' });
if (status !== 0) process.exit(status ?? 1);

const lock = JSON.parse(readFileSync('package-lock.json', 'utf8'));
let completed = 0;
for (const [path, entry] of Object.entries(lock.packages)) {
  // The registry is the choice of the person who installs.
  delete entry.resolved;
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    if (isThere(path, name) || !/^\d+\.\d+\.\d+/.test(version)) continue;
    lock.packages[`node_modules/${name}`] = { version, ...platformOf(name), ...(entry.dev ? { dev: true } : {}), optional: true };
    completed++;
  }
}
lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1)));
writeFileSync('package-lock.json', `${JSON.stringify(lock, null, 2)}\n`);
console.log(`package-lock.json: ${completed} packages of other platforms completed`);

/** A package may be in any node_modules folder above the one that needs it. */
function isThere(from, name) {
  for (let at = from; ; at = at.slice(0, at.lastIndexOf('/node_modules/') + 1).replace(/\/$/, '')) {
    if (lock.packages[`${at ? `${at}/` : ''}node_modules/${name}`]) return true;
    if (!at?.includes('/node_modules/')) return Boolean(lock.packages[`node_modules/${name}`]);
  }
}

function platformOf(name) {
  const words = name.split(/[/@_-]/).map((word) => word.replace(/^linuxmusl$/, 'linux'));
  const os = PLATFORMS.find((platform) => words.includes(platform));
  const cpu = words.find((word) => word in ARCHITECTURES);
  return { ...(cpu ? { cpu: [ARCHITECTURES[cpu]] } : {}), ...(os ? { os: [os === 'windows' ? 'win32' : os] } : {}) };
}
