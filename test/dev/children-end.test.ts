import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { expect, test } from '@jest/globals';
import { end, identify } from '../../dev/data-folder/process-identity.js';
import { until } from '../harness/until.js';

/** Whether something listens there. */
const answers = (url: string): Promise<boolean> =>
  new Promise((resolve) => {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname)
      .once('connect', () => {
        socket.destroy();
        resolve(true);
      })
      .once('error', () => resolve(false));
  });

test.each([
  ['SIGTERM', 'process'],
  ['SIGKILL', 'process'],
  ['SIGTERM', 'group'],
  ['SIGKILL', 'group'],
] as const)(
  'after %s to the %s of a test run, none of its servers is left',
  async (signal, whom) => {
    const { DATABASE_URL: _, SLUICE_TEST_DATABASE: __, ...env } = process.env;
    const run = spawn(process.execPath, ['--import', 'tsx', 'test/harness/sitting.ts'], {
      env,
      detached: true,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await once(createInterface({ input: run.stdout }), 'line')) as [string];
    const urls = JSON.parse(line) as string[];
    expect(await Promise.all(urls.map(answers))).toEqual([true, true, true]);
    const pid = run.pid ?? 0;
    const children = spawnSync('pgrep', ['-P', String(pid)], { encoding: 'utf8' })
      .stdout.trim()
      .split('\n');
    const identities = children.flatMap((child) => identify(Number(child)) ?? []);
    process.kill(whom === 'group' ? -pid : pid, signal);
    try {
      await until('every server to end', async () => ((await Promise.all(urls.map(answers))).includes(true) ? undefined : true), 30_000);
    } finally {
      // A test that fails leaves nothing either.
      for (const child of identities) await end(child, 'SIGTERM', 5_000);
    }
  },
  180_000,
);
