import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { LogId } from '../../domain/audit/checkpoint.js';
import { openCheckpointSigner } from '../../vault/checkpoint-signer.js';
import { freshKeyFile } from './keys.js';

/** The verifiers of Go's checksum database and of transparency.dev, which know nothing of Sluice: test/vault/note-verifier/main.go. */
const SOURCE = join(import.meta.dirname, 'note-verifier');
/** As for the Temporal server (dev/temporal/build-cli.ts), which is built by Go where there is one. */
const WITHOUT_GO = spawnSync('go', ['version']).status === 0 ? null : 'no Go on this machine, so nothing is verified by its modules';

let folder: string;
let program: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-verifier-'));
  program = join(folder, 'verifier');
  if (WITHOUT_GO) return;
  const { status, stderr } = spawnSync('go', ['build', '-mod=readonly', '-o', program, '.'], { cwd: SOURCE, encoding: 'utf8' });
  if (status !== 0) throw new Error(`the verifier was not built: ${stderr}`);
}, 180_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const ask = (origin: string, key: string, note: string) => {
  const { status, stdout, stderr } = spawnSync(program, [origin, key], { input: note, encoding: 'utf8' });
  return { accepted: status === 0, said: (stdout || stderr).trim() };
};

(WITHOUT_GO ? test.skip : test)(`a checkpoint is taken by verifiers that are not ours${WITHOUT_GO ? `: ${WITHOUT_GO}` : ''}`, () => {
  const signer = openCheckpointSigner(freshKeyFile());
  const [own, other] = [randomUUID(), randomUUID()].map((tenantId) => ({ tenantId, generation: 1 })) as [LogId, LogId];
  const root = new Uint8Array(32).fill(0xab);
  const note = signer.sign(own, 1_234n, root);
  const recovered = { ...own, generation: 2 };
  const [origin, key] = [signer.origin(own), signer.verifierKeyFor(own)];
  expect(ask(origin, key, note)).toEqual({ accepted: true, said: `1234 ${'ab'.repeat(32)}` });
  expect(ask(origin, key, note.replace('1234', '1235')).accepted).toBe(false);
  expect(ask(signer.origin(other), signer.verifierKeyFor(other), note).accepted).toBe(false);
  expect(ask(signer.origin(recovered), signer.verifierKeyFor(recovered), signer.sign(recovered, 1_234n, root)).accepted).toBe(true);
  expect(ask(signer.origin(recovered), signer.verifierKeyFor(recovered), note).accepted).toBe(false);
  expect(ask(origin, openCheckpointSigner(freshKeyFile()).verifierKeyFor(own), note).accepted).toBe(false);
});
