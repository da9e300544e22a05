import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Artefact, OpenConnection } from '../../../operations/rail.js';
import { until } from '../../harness/until.js';

/** Releases an artefact in a process of its own, and kills that with -9 once `sent` says that the provider has it. */
export const sendAndDie = async (connection: OpenConnection, artefact: Artefact, sent: () => Promise<boolean>): Promise<void> => {
  const child = spawn(process.execPath, ['--import', 'tsx', 'test/rails/conformance/sender.ts'], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  let said = '';
  child.stdout.on('data', (text) => {
    said += text;
  });
  child.stdin.end(JSON.stringify({ connection, payments: artefact.payments, rendererVersion: artefact.rendererVersion }));
  try {
    await until('the provider has the payments', async () => ((await sent()) ? true : undefined));
  } finally {
    child.kill('SIGKILL');
    await ended;
  }
  if (said) throw new Error('the answer came before the kill: this proves nothing');
};
