import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { placesIn } from '../../dev/data-folder/places.js';
import { isThere, signal } from '../../dev/data-folder/process-identity.js';
import { type PartName, readState } from '../../dev/data-folder/state.js';
import { watchStarters } from '../../dev/stack/watch-starters.js';
import { until } from '../harness/until.js';
import { areGone, lineOf, makeSandbox, type Sandbox, type StartedStack, stackOn, start } from './started-stack.js';

jest.setTimeout(400_000);

/** Clients end before the servers that they call, the supervisor after all of them. */
const ORDER: readonly PartName[] = ['api', 'worker', 'mail', 'provider', 'temporal', 'postgres'];
const LAUNCHER = [process.execPath, 'dev/start.mjs'];

let sandbox: Sandbox;
/** A shell for npm that stays between it and the launcher. Others wait for the launcher before they heed SIGINT; this one ends at once. */
let shell: string;

beforeAll(() => {
  sandbox = makeSandbox();
  shell = join(sandbox.dataDir, '..', 'shell');
  writeFileSync(shell, `#!/bin/sh\ntrap 'exit 130' INT\nsh "$@" &\nwait $!\n`, { mode: 0o755 });
});
afterAll(() => sandbox?.remove());

const startByNpm = (wanted: 'everything' | 'servers', env: Record<string, string>, ...more: string[]) =>
  start(sandbox, ['npm', 'start', '--', ...sandbox.flags, ...more], { until: wanted, env });

/** Waits until all have ended, and expects that none ended before one that comes earlier in the order. */
const endInOrder = async ({ supervisor, parts }: StartedStack): Promise<void> => {
  const order = [...ORDER.flatMap((name) => parts[name] ?? []), supervisor];
  const early = await until(
    'the end of every part',
    async () => {
      // The last is looked at first: what ends in between is no disorder.
      const there = order.toReversed().map(isThere).toReversed();
      if (there.lastIndexOf(false) > there.indexOf(true) && there.includes(true)) return there;
      return there.includes(true) ? undefined : [];
    },
    60_000,
  );
  expect(early).toEqual([]);
};

const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGKILL'] as const;
const CASES = [
  ...SIGNALS.map((name) => ({ name, whom: 'npm', shells: 'npm' })),
  ...SIGNALS.map((name) => ({ name, whom: 'the launcher', shells: 'npm' })),
  ...SIGNALS.map((name) => ({ name, whom: 'the shell', shells: 'npm, its shell' })),
  { name: 'SIGKILL', whom: 'npm', shells: 'npm, its shell' },
] as const;

test.each(CASES)('$name to $whom, where $shells and the launcher started it, ends the stack in order', async ({ name, whom, shells }) => {
  // What differs is who is gone, and how. The stop is the same in the middle of a start, where it comes sooner.
  const wanted = name === 'SIGKILL' && shells === 'npm' ? 'everything' : 'servers';
  const { child, stack } = await startByNpm(wanted, shells === 'npm' ? {} : { npm_config_script_shell: shell });
  const line = lineOf(stack.supervisor.pid, child.pid ?? 0);
  const [launcher, outer, npm] = [line[1], line.at(-2), line.at(-1)];
  expect(outer === launcher).toBe(shells === 'npm');
  signal({ npm, 'the shell': outer, 'the launcher': launcher }[whom]?.pid ?? 0, name);
  await endInOrder(stack);
  await areGone(line);
});

test('a killed process that ran the launcher itself, and read its output, ends the stack', async () => {
  const harness = `const { spawn } = require('node:child_process');
    const [command, ...args] = process.argv.slice(1);
    const child = spawn(command, args, { stdio: 'pipe' });
    child.stdout.resume();
    child.stderr.resume();`;
  const { child, stack } = await start(sandbox, [process.execPath, '-e', harness, ...LAUNCHER, ...sandbox.flags], { until: 'servers' });
  const line = lineOf(stack.supervisor.pid, child.pid ?? 0);
  child.kill('SIGKILL');
  await endInOrder(stack);
  await areGone(line);
});

test.each([
  { how: 'npm, and told that it is meant', begin: () => startByNpm('everything', {}, '--detached') },
  { how: 'a shell, in a session of its own', begin: () => start(sandbox, ['sh', '-c', 'setsid "$@" & wait', 'sh', ...LAUNCHER, ...sandbox.flags]) },
  {
    how: 'nohup, on a terminal that closes',
    begin: () => start(sandbox, ['script', '-qfc', `nohup ${[...LAUNCHER, ...sandbox.flags].join(' ')} >/dev/null 2>&1`, '/dev/null']),
  },
])('started by $how, the stack goes on', async ({ begin }) => {
  const { child, stack } = await begin();
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
  // The supervisor still does its work: it brings back a worker, which takes longer than its next look for whoever started it.
  const { worker } = stack.parts;
  signal(worker?.pid ?? 0, 'SIGKILL');
  const after = await until('another worker that takes work', async () => {
    const present = stackOn(sandbox.dataDir);
    const state = readState(placesIn(sandbox.dataDir).stackFile);
    if (present.parts.worker?.pid === worker?.pid || state?.processes.worker?.pid !== present.parts.worker?.pid) return undefined;
    return (await fetch(state?.metrics_url.replace(/metrics$/, 'readyz') ?? '')).ok ? present : undefined;
  });
  expect(after.parts).toEqual({ ...stack.parts, worker: after.parts.worker });
  expect(ORDER.filter((name) => !isThere(after.parts[name] ?? after.supervisor))).toEqual([]);
  signal(after.supervisor.pid, 'SIGTERM');
  await endInOrder(after);
});

test('whoever has ended before the watch began is noticed', async () => {
  const starter = spawn(process.execPath, ['-e', '']);
  await once(starter, 'exit');
  const gone = await new Promise((resolve) => watchStarters([process.pid, starter.pid ?? 0], resolve));
  expect(gone).toBe(starter.pid);
});
