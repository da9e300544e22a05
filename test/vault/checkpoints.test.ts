import { createHash, createPublicKey, randomUUID, sign, verify } from 'node:crypto';
import { readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readVerifierKey, verifyEd25519 } from '../../client/verify/crypto.js';
import { openNote } from '../../domain/audit/checkpoint.js';
import { openCheckpointFolder } from '../../vault/checkpoint-folder.js';
import { checkpointBody, signatureLine, verifierKeyOf, verifyCheckpoint } from '../../vault/checkpoint-note.js';
import { openCheckpointSigner } from '../../vault/checkpoint-signer.js';
import { privateKeyObject } from '../../vault/ed25519.js';
import { freshFolder } from '../harness/fresh-folder.js';
import { freshKeyFile } from './keys.js';

const keyFile = freshKeyFile();
const signer = openCheckpointSigner(keyFile);
const tenantId = randomUUID();
const own = { tenantId, generation: 1 };
const first = (of: string) => ({ tenantId: of, generation: 1 });
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
        const read = readByTheLetter(signer.sign(own, size, root), signer.verifierKeyFor(own));
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
    for (const key of [signer.verifierKey, signer.verifierKeyFor(own)]) {
      expect(verifyCheckpoint(note, key)).toMatchObject({ origin: signer.origin(own), size: 7n });
      expect(openNote(note, readVerifierKey(key), verifyEd25519)).toMatchObject({ origin: signer.origin(own), size: 7n });
    }
  });

  test('are opened by the key of their log and of its installation, and by that of no other log', () => {
    const note = signer.sign(own, 7n, new Uint8Array(32));
    const other = randomUUID();
    for (const key of [signer.verifierKey, signer.verifierKeyFor(own)]) {
      expect(verifyCheckpoint(note, key).size).toBe(7n);
      expect(openNote(note, readVerifierKey(key), verifyEd25519)?.size).toBe(7n);
    }
    for (const foreign of [note, releasedNote(tenantId, 7n)]) {
      expect(() => verifyCheckpoint(foreign, signer.verifierKeyFor(first(other)))).toThrow(/is not signed by/);
      expect(openNote(foreign, readVerifierKey(signer.verifierKeyFor(first(other))), verifyEd25519)).toBeNull();
    }
  });

  test('of a later generation have an origin and a key of their own, and are what the specifications describe', () => {
    const log = { tenantId, generation: 3 };
    const read = readByTheLetter(signer.sign(log, 9n, new Uint8Array(32)), signer.verifierKeyFor(log));
    expect(read).toMatchObject({ origin: `${keyFile.checkpoint.name}/${tenantId}/3`, valid: true });
  });

  test('are opened by the key of their log in any generation, and by that of no other log', () => {
    const key = (of: string, generation: number) => signer.verifierKeyFor({ tenantId: of, generation });
    for (const generation of [1, 2, 12]) {
      const note = signer.sign({ tenantId, generation }, 7n, new Uint8Array(32));
      for (const ours of [signer.verifierKey, key(tenantId, 1), key(tenantId, 2), key(tenantId, 12)]) {
        expect(verifyCheckpoint(note, ours).size).toBe(7n);
        expect(openNote(note, readVerifierKey(ours), verifyEd25519)?.size).toBe(7n);
      }
      for (const foreign of [key(randomUUID(), generation), key(randomUUID(), 1)]) {
        expect(() => verifyCheckpoint(note, foreign)).toThrow(/is not signed by/);
        expect(openNote(note, readVerifierKey(foreign), verifyEd25519)).toBeNull();
      }
    }
  });

  test('of a later generation are signed under no name but their origin, which is written in one way', () => {
    const { name, privateKey, publicKey } = keyFile.checkpoint;
    const signed = (origin: string, by: string): string => {
      const body = checkpointBody({ origin, size: 7n, root: new Uint8Array(32) });
      return `${body}\n${signatureLine(by, publicKey, sign(null, Buffer.from(body), privateKeyObject(privateKey)))}`;
    };
    const origin = `${name}/${tenantId}/2`;
    const opens = (note: string) => openNote(note, readVerifierKey(signer.verifierKey), verifyEd25519) !== null;
    expect(opens(signed(origin, origin))).toBe(true);
    for (const by of [name, `${name}/${tenantId}`, `${name}/${tenantId}/3`]) {
      expect(opens(signed(origin, by))).toBe(false);
      expect(() => verifyCheckpoint(signed(origin, by), signer.verifierKey)).toThrow(/is not signed by/);
    }
    for (const other of ['1', '02', '0', '2/', 'x'])
      expect(opens(signed(`${name}/${tenantId}/${other}`, `${name}/${tenantId}/${other}`))).toBe(false);
  });

  test('the example of the signed-note specification verifies as its key form says', () => {
    // Key of the specification's Go implementation (golang.org/x/mod/sumdb/note, PeterNeumann).
    const publicKey = Buffer.from('ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW', 'base64').subarray(1);
    expect(verifierKeyOf('PeterNeumann', publicKey)).toBe('PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW');
  });

  test('read back as they were signed', () => {
    fc.assert(
      fc.property(size, root, (size, root) => {
        const read = verifyCheckpoint(signer.sign(own, size, root), signer.verifierKey);
        expect([read.origin, read.size, Buffer.from(read.root)]).toEqual([signer.origin(own), size, Buffer.from(root)]);
      }),
    );
  });

  test('are refused when any one character is changed, left out or added', () => {
    const note = signer.sign(own, 41n, new Uint8Array(32).fill(7));
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
    const note = sameName.sign(own, 1n, new Uint8Array(32));
    expect(() => verifyCheckpoint(note, signer.verifierKey)).toThrow(/is not signed by/);
    expect(() => verifyCheckpoint(note.replace(/ [^ ]+\n$/, ''), signer.verifierKey)).toThrow();
  });

  test('a co-signature of somebody else is ignored', () => {
    const witness = freshKeyFile().checkpoint;
    const note = `${signer.sign(own, 1n, new Uint8Array(32))}${signatureLine(witness.name, witness.publicKey, new Uint8Array(64))}`;
    expect(verifyCheckpoint(note, signer.verifierKey).size).toBe(1n);
  });
});

describe('the folder of checkpoints', () => {
  const fresh = () => {
    const folder = freshFolder('checkpoints');
    return { folder, archive: openCheckpointFolder(folder, signer.verifierKey) };
  };
  const note = (size: bigint, fill = 1) => signer.sign(own, size, new Uint8Array(32).fill(fill));

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
    const foreign = openCheckpointSigner(freshKeyFile()).sign(own, 5n, new Uint8Array(32));
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

describe('generations in the folder of checkpoints', () => {
  const fresh = () => {
    const folder = freshFolder('generations');
    return { folder, archive: openCheckpointFolder(folder, signer.verifierKey) };
  };
  const root = (size: bigint) => new Uint8Array(32).fill(Number(size));
  const note = (size: bigint, generation = 1) => signer.sign({ tenantId, generation }, size, root(size));
  const lost = (size: bigint) => expect.objectContaining({ size, root: Buffer.from(root(size)) });
  const published = async (...sizes: bigint[]) => {
    const made = fresh();
    for (const size of sizes) await made.archive.publish(tenantId, size, note(size));
    return made;
  };

  test('a recovery starts the next one, which goes on from what it keeps and says what is lost', async () => {
    const { archive } = await published(3n, 5n, 9n);
    expect(await archive.generation(tenantId)).toBe(1);
    const started = await archive.startGeneration(tenantId, { proposalId: 'p', generation: 1, kept: 5n });
    expect(started).toEqual({ generation: 2, ended: [{ generation: 1, kept: 5n, lost: lost(9n) }] });
    expect(await archive.generation(tenantId)).toBe(2);
    expect(await archive.latest(tenantId)).toMatchObject({ size: 5n, note: note(5n) });
    expect(await archive.generation(randomUUID())).toBe(1);
    await archive.publish(tenantId, 6n, note(6n, 2));
    expect(await archive.latest(tenantId)).toMatchObject({ size: 6n, note: note(6n, 2) });
  });

  test('asked again for the same recovery, by one or by many at once, it is the same one [S1-24]', async () => {
    const { archive, folder } = await published(3n, 9n);
    const ask = () => archive.startGeneration(tenantId, { proposalId: 'p', generation: 1, kept: 3n });
    const answers = await Promise.all(Array.from({ length: 8 }, ask));
    expect(answers.map(({ generation }) => generation)).toEqual(Array(8).fill(2));
    // As after a crash: another process, with nothing but the folder.
    const again = openCheckpointFolder(folder, signer.verifierKey);
    expect(await again.startGeneration(tenantId, { proposalId: 'p', generation: 1, kept: 3n })).toEqual(answers[0]);
    expect(await again.generation(tenantId)).toBe(2);
  });

  test('two recoveries at once, of two copies, get two, and the later one gives the other up', async () => {
    const { archive } = await published(3n, 9n);
    const answers = await Promise.all(['p', 'q'].map((proposalId) => archive.startGeneration(tenantId, { proposalId, generation: 1, kept: 3n })));
    const [second, third] = answers.sort((a, b) => a.generation - b.generation);
    expect([second?.generation, third?.generation]).toEqual([2, 3]);
    expect(third?.ended).toEqual([
      { generation: 1, kept: 3n, lost: lost(9n) },
      { generation: 2, kept: 3n, lost: null },
    ]);
  });

  test('takes no note of an earlier one any more, and none of a later one yet', async () => {
    const { archive } = await published(3n);
    await expect(archive.publish(tenantId, 4n, note(4n, 2))).rejects.toThrow(/stands where/);
    await archive.startGeneration(tenantId, { proposalId: 'p', generation: 1, kept: 3n });
    await expect(archive.publish(tenantId, 4n, note(4n))).rejects.toThrow(/stands where/);
    await expect(archive.publish(tenantId, 4n, note(4n, 3))).rejects.toThrow(/stands where/);
    expect((await archive.latest(tenantId))?.size).toBe(3n);
  });

  test('a copy from before a recovery is recovered in its turn: what went on meanwhile is given up', async () => {
    const { archive } = await published(3n, 5n, 9n);
    await archive.startGeneration(tenantId, { proposalId: 'p', generation: 1, kept: 5n });
    await archive.publish(tenantId, 7n, note(7n, 2));
    const started = await archive.startGeneration(tenantId, { proposalId: 'q', generation: 1, kept: 3n });
    expect(started).toEqual({
      generation: 3,
      ended: [
        { generation: 1, kept: 3n, lost: lost(9n) },
        { generation: 2, kept: 5n, lost: lost(7n) },
      ],
    });
    expect((await archive.latest(tenantId))?.size).toBe(3n);
  });

  test('several in a row, where one published nothing', async () => {
    const { archive } = await published(3n, 5n);
    await archive.startGeneration(tenantId, { proposalId: 'p', generation: 1, kept: 3n });
    const started = await archive.startGeneration(tenantId, { proposalId: 'q', generation: 2, kept: 3n });
    expect(started).toEqual({ generation: 3, ended: [{ generation: 2, kept: 3n, lost: null }] });
    expect((await archive.latest(tenantId))?.size).toBe(3n);
    await archive.publish(tenantId, 4n, note(4n, 3));
    expect((await archive.latest(tenantId))?.note).toBe(note(4n, 3));
  });

  test('refuses to go on from what the archive never held, and from a damaged record', async () => {
    const { archive, folder } = await published(3n);
    for (const from of [
      { generation: 1, kept: 4n },
      { generation: 2, kept: 3n },
    ])
      await expect(archive.startGeneration(tenantId, { proposalId: 'p', ...from })).rejects.toThrow(/lacks what its database goes on from/);
    expect(await archive.generation(tenantId)).toBe(1);
    await archive.startGeneration(tenantId, { proposalId: 'p', generation: 1, kept: 3n });
    const record = join(folder, tenantId, 'generations', '2.json');
    expect(JSON.parse(readFileSync(record, 'utf8'))).toEqual({ generation: 2, previous: 1, kept_size: '3', proposal_id: 'p' });
    writeFileSync(record, '{"generation":2}');
    await expect(archive.latest(tenantId)).rejects.toThrow(/damaged/);
    await expect(archive.generation(tenantId)).rejects.toThrow(/damaged/);
  });
});
