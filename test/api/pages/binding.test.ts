import { randomBytes } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { challengeBytes } from '../../../domain/gate.js';
import { toWireId } from '../../../domain/ids.js';
import { systemEntropy } from '../../../vault/entropy.js';
import { sha256 } from '../../../vault/sha256.js';
import { loadBinding, type Shown, type SignedIn } from './page-modules.js';

const { boundBytes, signsWhatIsShown, toBase64Url } = await loadBinding();

const bound = {
  challengeId: systemEntropy.newId(),
  tenantId: systemEntropy.newId(),
  personId: systemEntropy.newId(),
  gate: 'authorize' as const,
  batchId: systemEntropy.newId(),
  contentVersion: 3,
  digest: new Uint8Array(randomBytes(32)),
  expiresAt: '2026-11-28T16:37:52.123Z',
};
const session: SignedIn = { person: { id: toWireId('person', bound.personId) }, workspace: { id: toWireId('workspace', bound.tenantId) } };
const challenge: Shown = {
  id: toWireId('challenge', bound.challengeId),
  batch_id: toWireId('batch', bound.batchId),
  gate: bound.gate,
  content_version: bound.contentVersion,
  digest: Buffer.from(bound.digest).toString('hex'),
  expires_at: bound.expiresAt,
  passkey: { challenge: Buffer.from(sha256(challengeBytes(bound))).toString('base64url') },
};

test('the page computes from what it shows the bytes that the server binds a signature to', async () => {
  expect(Buffer.from(boundBytes(challenge, session))).toEqual(Buffer.from(challengeBytes(bound)));
  expect(await signsWhatIsShown(challenge, session)).toBe(true);
});

test('it signs nothing that differs from what it shows in any part', async () => {
  const other = { batch: toWireId('batch', systemEntropy.newId()), challenge: toWireId('challenge', systemEntropy.newId()) };
  const changes: Partial<Shown>[] = [
    { batch_id: other.batch },
    { id: other.challenge },
    { gate: 'execute' },
    { content_version: 4 },
    { digest: Buffer.from(randomBytes(32)).toString('hex') },
    { expires_at: '2026-11-28T17:37:52.123Z' },
    { passkey: { challenge: randomBytes(32).toString('base64url') } },
  ];
  for (const change of changes) expect([change, await signsWhatIsShown({ ...challenge, ...change }, session)]).toEqual([change, false]);
  const people: SignedIn[] = [
    { ...session, person: { id: toWireId('person', systemEntropy.newId()) } },
    { ...session, workspace: { id: toWireId('workspace', systemEntropy.newId()) } },
  ];
  for (const person of people) expect(await signsWhatIsShown(challenge, person)).toBe(false);
});

test('what is no id is bound to nothing', async () => {
  await expect(signsWhatIsShown({ ...challenge, batch_id: 'batch_1' }, session)).rejects.toThrow('batch_1 is no id');
});

test('bytes as WebAuthn writes them in JSON', () => {
  for (const length of [0, 1, 2, 3, 32, 300]) {
    const bytes = randomBytes(length);
    expect(toBase64Url(new Uint8Array(bytes).buffer)).toBe(bytes.toString('base64url'));
  }
});
