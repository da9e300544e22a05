import { spawn, spawnSync } from 'node:child_process';
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Wanted } from './download-cli.js';

const MODULE = join(dirname(fileURLToPath(import.meta.url)), 'build');
const PACKAGE = 'github.com/temporalio/cli/cmd/temporal';
const PROGRESS_MS = process.stderr.isTTY ? 1_000 : 30_000;

/**
 * Builds the program (command line, server and Web UI) from the pinned modules of dev/temporal/build, whose hashes are in go.sum.
 * Needs Go and a module proxy. Throws an Error with the last lines of the compiler.
 */
export const buildCli = async ({ version, target, say }: Wanted): Promise<void> => {
  if (spawnSync('go', ['version']).status !== 0) throw new Error('it could not be built, because there is no Go on PATH');
  await mkdir(dirname(target), { recursive: true });
  const fresh = `${target}-${process.pid}`;
  const started = Date.now();
  const elapsed = () => new Date(Date.now() - started).toISOString().slice(14, 19);
  const progress = setInterval(() => {
    const line = `Temporal           building ${version} with Go, once (about 04:00 on two idle cores): ${elapsed()}`;
    if (process.stderr.isTTY) process.stderr.write(`\r${line}`);
    else say(line);
  }, PROGRESS_MS);
  try {
    await compile(fresh);
    await rename(fresh, target);
  } finally {
    clearInterval(progress);
    if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
    await rm(fresh, { force: true });
  }
  say(`Temporal           built into the cache in ${elapsed()}`);
};

const compile = (output: string): Promise<void> =>
  new Promise((resolve, reject) => {
    const child = spawn('go', ['build', '-mod=readonly', '-ldflags=-s -w', '-o', output, PACKAGE], {
      cwd: MODULE,
      env: { ...process.env, CGO_ENABLED: '0' },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    // A cancelled start does not wait for the compiler.
    const end = (): void => void child.kill();
    process.once('exit', end);
    let words = '';
    child.stderr.on('data', (chunk) => {
      words = `${words}${chunk}`.slice(-4_000);
    });
    child.on('error', reject);
    child.on('close', (code) => {
      process.off('exit', end);
      if (code === 0) resolve();
      else reject(new Error(`it could not be built with Go: ${words.trim().split('\n').slice(-3).join(' | ')}`));
    });
  });
