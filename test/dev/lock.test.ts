import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { AlreadyRunning, supervisorOf, takeFolder } from '../../dev/data-folder/lock.js';
import { identify, isThere } from '../../dev/data-folder/process-identity.js';

let folder: string;
const said: string[] = [];
const take = () => takeFolder(folder, (line) => said.push(line));

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-lock-'));
  said.length = 0;
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const sleeper = async () => {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000); console.log("up")'], {
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  await once(child.stdout, 'data');
  const identity = identify(child.pid ?? 0);
  if (!identity) throw new Error('the child is not there');
  return { child, identity };
};

test('a folder is taken once; a second process learns who has it', async () => {
  const lock = await take();
  await expect(take()).rejects.toBeInstanceOf(AlreadyRunning);
  await expect(take()).rejects.toMatchObject({ pid: process.pid });
  lock.unlock();
  (await take()).unlock();
});

test('a roll of a supervisor that is gone is stale: what it left running is ended, and the folder is taken', async () => {
  const orphan = await sleeper();
  writeFileSync(
    join(folder, 'roll.json'),
    JSON.stringify({ supervisor: { pid: process.pid, birth: 'long ago' }, processes: { worker: orphan.identity } }),
  );
  expect(supervisorOf(folder)).toBeNull();
  const ended = once(orphan.child, 'exit');
  const lock = await take();
  await ended;
  expect(isThere(orphan.identity)).toBe(false);
  expect(said).toEqual([expect.stringContaining('worker')]);
  lock.unlock();
});

test('a process that merely got the pid of one that is gone is left alone', async () => {
  const stranger = await sleeper();
  const roll = { supervisor: { pid: 1, birth: 'never' }, processes: { worker: { ...stranger.identity, birth: 'earlier' } } };
  writeFileSync(join(folder, 'roll.json'), JSON.stringify(roll));
  (await take()).unlock();
  expect(isThere(stranger.identity)).toBe(true);
  stranger.child.kill('SIGKILL');
});

test('a roll that was cut off keeps nobody out, and an unwritable folder is named with the way out', async () => {
  writeFileSync(join(folder, 'roll.json'), '{"superv');
  (await take()).unlock();
  writeFileSync(join(folder, 'file'), '');
  await expect(takeFolder(join(folder, 'file', 'data'), () => {})).rejects.toThrow(/can't be written.*--data-dir/s);
});
