import { createHash, createPublicKey, randomUUID, sign, verify } from 'node:crypto';
import { mkdtempSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readVerifierKey, verifyEd25519 } from '../../client/verify/crypto.js';
import { openNote } from '../../domain/audit/checkpoint.js';
import { openCheckpointFolder } from '../../vault/checkpoint-folder.js';
import { checkpointBody, signatureLine, verifierKeyOf, verifyCheckpoint } from '../../vault/checkpoint-note.js';
import { openCheckpointSigner } from '../../vault/checkpoint-signer.js';
import { privateKeyObject } from '../../vault/ed25519.js';
import { freshKeyFile } from './keys.js';

const keyFile = freshKeyFile();
const signer = openCheckpointSigner(keyFile);
const tenantId = randomUUID();
const size = fc.bigInt({ min: 0n, max: 2n ** 53n });
const root = fc.uint8Array({ minLength: 32, maxLength: 32 });

/** As the first release wrote it. */
const releasedNote = (of: string, size: bigint): string => {
  const { name, privateKey, publicKey } = keyFile.checkpoint;
  const body = checkpointBody({ origin: `${name}/${of}`, size, root: new Uint8Array(32).fill(1) });
  return `${body}\n${signatureLine(name, publicKey, sign(null, Buffer.from(body), privateKeyObject(privateKey)))}`;
};

/** The two specifications implemented a second time, with no code of the product. */
const readByTheLetter = (note: string, verifierKey: string) => {
  const [name, hash, key] = [verifierKey.split('+')[0] ?? '', verifierKey.split('+')[1], verifierKey.split('+').slice(2).join('+')];
  const typed = Buffer.from(key, 'base64');
  expect(createHash('sha256').update(`${name}\n`).update(typed).digest('hex').slice(0, 8)).toBe(hash);
  expect(typed[0]).toBe(1);
  const lines = note.split('\n');
  const [origin, size, root, empty, signed, end] = lines;
  expect([lines.length, empty, end]).toEqual([6, '', '']);
  const [dash, by, encoded] = (signed ?? '').split(' ');
  expect([dash, by]).toEqual(['\u2014', name]);
  const bytes = Buffer.from(encoded ?? '', 'base64');
  expect(bytes.subarray(0, 4).toString('hex')).toBe(hash);
  const publicKey = createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv: 'Ed25519', x: typed.subarray(1).toString('base64url') } });
  return { origin, size, root, valid: verify(null, Buffer.from(`${origin}\n${size}\n${root}\n`), publicKey, bytes.subarray(4)) };
};

describe('signed checkpoints', () => {
  test('are what C2SP tlog-checkpoint and signed-note describe, read independently', () => {
    fc.assert(
      fc.property(size, root, (size, root) => {
        const read = readByTheLetter(signer.sign(tenantId, size, root), signer.verifierKeyFor(tenantId));
        expect(read).toEqual({
          origin: `${keyFile.checkpoint.name}/${tenantId}`,
          size: size.toString(),
          root: Buffer.from(root).toString('base64'),
          valid: true,
        });
      }),
    );
  });

  test('of the first release, signed under the name of the installation, still verify, by the key under either name', () => {
    const note = releasedNote(tenantId, 7n);
    for (const key of [signer.verifierKey, signer.verifierKeyFor(tenantId)]) {
      expect(verifyCheckpoint(note, key)).toMatchObject({ origin: signer.origin(tenantId), size: 7n });
      expect(openNote(note, readVerifierKey(key), verifyEd25519)).toMatchObject({ origin: signer.origin(tenantId), size: 7n });
    }
  });

  test('are opened by the key of their log and of its installation, and by that of no other log', () => {
    const note = signer.sign(tenantId, 7n, new Uint8Array(32));
    const other = randomUUID();
    for (const key of [signer.verifierKey, signer.verifierKeyFor(tenantId)]) {
      expect(verifyCheckpoint(note, key).size).toBe(7n);
      expect(openNote(note, readVerifierKey(key), verifyEd25519)?.size).toBe(7n);
    }
    for (const foreign of [note, releasedNote(tenantId, 7n)]) {
      expect(() => verifyCheckpoint(foreign, signer.verifierKeyFor(other))).toThrow(/is not signed by/);
      expect(openNote(foreign, readVerifierKey(signer.verifierKeyFor(other)), verifyEd25519)).toBeNull();
    }
  });

  test('the example of the signed-note specification verifies as its key form says', () => {
    // Key of the specification's Go implementation (golang.org/x/mod/sumdb/note, PeterNeumann).
    const publicKey = Buffer.from('ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW', 'base64').subarray(1);
    expect(verifierKeyOf('PeterNeumann', publicKey)).toBe('PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW');
  });

  test('read back as they were signed', () => {
    fc.assert(
      fc.property(size, root, (size, root) => {
        const read = verifyCheckpoint(signer.sign(tenantId, size, root), signer.verifierKey);
        expect([read.origin, read.size, Buffer.from(read.root)]).toEqual([signer.origin(tenantId), size, Buffer.from(root)]);
      }),
    );
  });

  test('are refused when any one character is changed, left out or added', () => {
    const note = signer.sign(tenantId, 41n, new Uint8Array(32).fill(7));
    for (let at = 0; at < note.length; at++) {
      const character = note[at] === 'A' ? 'B' : 'A';
      expect(() => verifyCheckpoint(`${note.slice(0, at)}${character}${note.slice(at + 1)}`, signer.verifierKey)).toThrow();
      expect(() => verifyCheckpoint(`${note.slice(0, at)}${note.slice(at + 1)}`, signer.verifierKey)).toThrow();
      expect(() => verifyCheckpoint(`${note.slice(0, at)}A${note.slice(at)}`, signer.verifierKey)).toThrow();
    }
  });

  test('are refused when another key signed them, under the same name too', () => {
    const other = freshKeyFile();
    const sameName = openCheckpointSigner({ checkpoint: { ...other.checkpoint, name: keyFile.checkpoint.name } });
    const note = sameName.sign(tenantId, 1n, new Uint8Array(32));
    expect(() => verifyCheckpoint(note, signer.verifierKey)).toThrow(/is not signed by/);
    expect(() => verifyCheckpoint(note.replace(/ [^ ]+\n$/, ''), signer.verifierKey)).toThrow();
  });

  test('a co-signature of somebody else is ignored', () => {
    const witness = freshKeyFile().checkpoint;
    const note = `${signer.sign(tenantId, 1n, new Uint8Array(32))}${signatureLine(witness.name, witness.publicKey, new Uint8Array(64))}`;
    expect(verifyCheckpoint(note, signer.verifierKey).size).toBe(1n);
  });
});

describe('the folder of checkpoints', () => {
  const fresh = () => {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-checkpoints-'));
    return { folder, archive: openCheckpointFolder(folder, signer.verifierKey) };
  };
  const note = (size: bigint, fill = 1) => signer.sign(tenantId, size, new Uint8Array(32).fill(fill));

  test('gives back the newest note, by size and not by the time it was written', async () => {
    const { archive } = fresh();
    expect(await archive.latest(tenantId)).toBeNull();
    for (const size of [9n, 100n, 20n]) await archive.publish(tenantId, size, note(size));
    expect(await archive.latest(tenantId)).toMatchObject({ size: 100n, note: note(100n) });
    expect(await archive.latest(randomUUID())).toBeNull();
  });

  test('takes the same note again, and never another one of that size', async () => {
    const { archive, folder } = fresh();
    await archive.publish(tenantId, 5n, note(5n));
    await archive.publish(tenantId, 5n, note(5n));
    await expect(archive.publish(tenantId, 5n, note(5n, 2))).rejects.toThrow(/the log was rewritten/);
    expect((await archive.latest(tenantId))?.note).toBe(note(5n));
    expect(readdirSync(join(folder, tenantId))).toEqual(['00000000000000000005.note']);
  });

  test('keeps a note of the first release when the same tree is published again under the name of its log', async () => {
    const { archive } = fresh();
    await archive.publish(tenantId, 5n, releasedNote(tenantId, 5n));
    await archive.publish(tenantId, 5n, note(5n));
    expect((await archive.latest(tenantId))?.note).toBe(releasedNote(tenantId, 5n));
    await expect(archive.publish(tenantId, 5n, note(5n, 2))).rejects.toThrow(/the log was rewritten/);
  });

  test('of sixteen who publish different notes of one size exactly one wins', async () => {
    const { archive } = fresh();
    const answers = await Promise.allSettled(Array.from({ length: 16 }, (_, i) => archive.publish(tenantId, 5n, note(5n, i))));
    expect(answers.filter((answer) => answer.status === 'fulfilled')).toHaveLength(1);
  });

  test('refuses to publish a note of another workspace, size or key', async () => {
    const { archive } = fresh();
    await expect(archive.publish(randomUUID(), 5n, note(5n))).rejects.toThrow(/stands where/);
    await expect(archive.publish(tenantId, 6n, note(5n))).rejects.toThrow(/stands where/);
    const foreign = openCheckpointSigner(freshKeyFile()).sign(tenantId, 5n, new Uint8Array(32));
    await expect(archive.publish(tenantId, 5n, foreign)).rejects.toThrow(/is not signed by/);
  });

  test('throws when the newest note was changed, or moved to another size', async () => {
    const { archive, folder } = fresh();
    await archive.publish(tenantId, 5n, note(5n));
    const path = join(folder, tenantId, '00000000000000000005.note');
    renameSync(path, join(folder, tenantId, '00000000000000000007.note'));
    await expect(archive.latest(tenantId)).rejects.toThrow(/stands where/);
    writeFileSync(join(folder, tenantId, '00000000000000000008.note'), note(8n).replace('\n8\n', '\n9\n'));
    await expect(archive.latest(tenantId)).rejects.toThrow(/does not verify/);
  });
});
