import { spawnSync } from 'node:child_process';
import { chmodSync, lstatSync, readdirSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { type Places, placesIn } from '../../dev/data-folder/places.js';
import { signal } from '../../dev/data-folder/process-identity.js';
import { postgresAccount } from '../../dev/postgres/place.js';
import { areGone, makeSandbox, type Sandbox, start } from './started-stack.js';

jest.setTimeout(400_000);

let sandbox: Sandbox;
let places: Places;

beforeAll(() => {
  sandbox = makeSandbox();
  places = placesIn(sandbox.dataDir);
});
afterAll(() => sandbox?.remove());

/** Runs a program for people who close nothing. */
const openly = (...command: string[]): string[] => ['sh', '-c', 'umask 000; exec "$@"', 'sh', process.execPath, ...command];

/** Starts the stack, has a person sign in, calls `look` while it runs, and stops it. */
const whileItRuns = async (look: () => void): Promise<void> => {
  const { stack } = await start(sandbox, openly('dev/start.mjs', ...sandbox.flags));
  try {
    const [command = '', ...args] = openly('bin/sluice.mjs', '--as', 'auditor', 'batch', 'list');
    const { status, stderr } = spawnSync(command, args, { env: { ...process.env, SLUICE_DATA_DIR: sandbox.dataDir }, encoding: 'utf8' });
    expect({ status, stderr }).toMatchObject({ status: 0 });
    look();
  } finally {
    signal(stack.supervisor.pid, 'SIGTERM');
    await areGone([stack.supervisor]);
  }
};

/** Everything in the data folder, itself included, and nothing of the cluster, which Postgres checks itself. */
const entries = (): string[] => {
  const below = (path: string): string[] =>
    lstatSync(path).isDirectory() && !path.startsWith(join(places.postgres, 'cluster'))
      ? [path, ...readdirSync(path).flatMap((name) => below(join(path, name)))]
      : [path];
  return below(sandbox.dataDir);
};

/** What others than the owner may read, write or enter. */
const open = (paths: string[]): string[] => {
  const account = postgresAccount();
  const passed = account ? [sandbox.dataDir, places.postgres] : [];
  return paths.flatMap((path) => {
    const { mode, gid } = lstatSync(path);
    // Where we are root, the group of the server's user may pass through these two, and see nothing in them.
    const allowed = passed.includes(path) && gid === account?.gid ? 0o710 : 0o700;
    return mode & 0o777 & ~allowed ? [`${relative(sandbox.dataDir, path) || '.'} 0${(mode & 0o777).toString(8)}`] : [];
  });
};

test('nothing that a first start writes is open to others, whatever the umask', async () => {
  await whileItRuns(() => {
    const { dataDir: _, logs, ...others } = places;
    // So that the list holds what it should.
    expect(entries()).toEqual(expect.arrayContaining([...Object.values(others), ...Object.values(logs), join(places.sessions, 'auditor.json')]));
    expect(open(entries())).toEqual([]);
  });
});

test('what is open from before is closed by the next start', async () => {
  const notes = entries().filter((path) => path.startsWith(join(places.checkpoints, '')) && path !== places.checkpoints);
  const widened = entries().filter((path) => !notes.includes(path) && !path.startsWith(join(places.postgres, 'cluster')));
  for (const path of widened) chmodSync(path, statSync(path).isDirectory() ? 0o777 : 0o666);
  expect(open(entries()).length).toBe(widened.length);
  await whileItRuns(() => expect(open(entries())).toEqual([]));
});
