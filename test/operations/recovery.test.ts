import { readdir } from 'node:fs/promises';
import { describe, expect, test } from '@jest/globals';
import { leafHash } from '../../domain/hashing.js';
import { merkleRoot } from '../../domain/merkle.js';
import { checkRecovery, type ProvenEdges, type RecoveryQuestion } from '../../operations/recovery/check.js';
import { sha256 } from '../../vault/sha256.js';

const leaves = Array.from({ length: 20_000 }, (_, i) => leafHash(sha256, Buffer.from(`event ${i}`)));
const rootOf = (size: number) => merkleRoot(sha256, leaves.slice(0, size));
const headOf = (size: number, recorded = 0, generation = 1) => ({
  tenantId: 'tenant',
  generation,
  size: BigInt(size),
  root: size === 0 ? null : rootOf(size),
  recordedSize: BigInt(recorded),
});
const archiveOf = (latest: RecoveryQuestion['archive']['latest'], generation = 1) => ({ latest, generation: async () => generation });
const published = (size: number, root = rootOf(size), generation = 1) => archiveOf(async () => ({ size: BigInt(size), root, note: '' }), generation);
const nothing = archiveOf(async () => null);

const questionOf = (over: Partial<RecoveryQuestion>): RecoveryQuestion => ({
  sha256,
  heads: async () => [headOf(9)],
  archive: published(9),
  installationId: 'mine',
  keyFileInstallationId: 'mine',
  leavesOf: async (_tenantId, from, to) => leaves.slice(Number(from), Number(to)),
  ...over,
});

const reasonOf = async (over: Partial<RecoveryQuestion>): Promise<string | null> => (await checkRecovery(questionOf(over))).reason();

describe('normal operation', () => {
  test('the head is what was published', async () => expect(await reasonOf({})).toBeNull());
  test('nothing was published yet', async () => expect(await reasonOf({ archive: nothing })).toBeNull());
  test('a workspace without events', async () => expect(await reasonOf({ heads: async () => [headOf(0)], archive: nothing })).toBeNull());
  test('a checkpoint was published, and the process died before it was recorded', async () =>
    expect(await reasonOf({ heads: async () => [headOf(9, 7)] })).toBeNull());
  test('the last events were sequenced and not published when the process died', async () =>
    expect(await reasonOf({ heads: async () => [headOf(20_000)], archive: published(17_001) })).toBeNull());
  test('an event is sequenced and published while the comparison runs', async () => {
    const sizes = [8, 9];
    expect(await reasonOf({ heads: async () => [headOf(sizes.shift() ?? 9)] })).toBeNull();
  });
  test('events are sequenced, published and recorded at every step of the comparison', async () => {
    let size = 8;
    const grow = () => ++size;
    const heads = async () => [headOf(grow(), size)];
    const latest = async () => ({ size: BigInt(grow()), root: rootOf(size), note: '' });
    expect(await reasonOf({ heads, archive: archiveOf(latest) })).toBeNull();
  });
  test('a recovered log, before and after the first checkpoint of its new generation', async () => {
    for (const heads of [headOf(9, 9, 2), headOf(12, 9, 2)])
      expect(await reasonOf({ heads: async () => [heads], archive: published(9, rootOf(9), 2) })).toBeNull();
    expect(await reasonOf({ heads: async () => [headOf(12, 12, 2)], archive: published(12, rootOf(12), 2) })).toBeNull();
  });
});

describe('a database that was given up when its workspace was recovered', () => {
  const givenUp = /workspace tenant is in generation 1 here, but generation 2 was begun.*this database was given up then/;
  test('the lost one is found again: it has more than the recovered log', async () =>
    expect(await reasonOf({ heads: async () => [headOf(1_009, 1_009)], archive: published(9, rootOf(9), 2) })).toMatch(givenUp));
  test('another copy holds all that was kept, and no more', async () =>
    expect(await reasonOf({ heads: async () => [headOf(9, 9)], archive: published(9, rootOf(9), 2) })).toMatch(givenUp));
  test('so does the one that is recovered, until its recovery ends', async () =>
    expect(await reasonOf({ heads: async () => [headOf(9, 9)], archive: published(9, rootOf(9), 2) })).toMatch(/or its recovery has not ended/));
  test('it had no checkpoint at all', async () =>
    expect(await reasonOf({ heads: async () => [headOf(3)], archive: archiveOf(async () => null, 2) })).toMatch(givenUp));
});

describe('the archive that the database published to is not there', () => {
  const cutOff = /workspace tenant was published up to 9 events.*Point SLUICE_CHECKPOINT_DIR at the folder.*put that folder back/;
  test('it is empty', async () => {
    const reason = await reasonOf({ heads: async () => [headOf(9, 9)], archive: nothing });
    expect(reason).toMatch(cutOff);
    expect(reason).toContain('holds no checkpoint of it');
  });
  test('its newest checkpoints are gone', async () => {
    const reason = await reasonOf({ heads: async () => [headOf(9, 9)], archive: published(7) });
    expect(reason).toMatch(cutOff);
    expect(reason).toContain('the newest checkpoint in SLUICE_CHECKPOINT_DIR is of 7 events');
  });
  test('it knows of an earlier generation only', async () => {
    const reason = await reasonOf({ heads: async () => [headOf(9, 9, 3)], archive: published(9, rootOf(9), 2) });
    expect(reason).toMatch(/workspace tenant is in generation 3, but SLUICE_CHECKPOINT_DIR knows of 2 only.*put that folder back/);
  });
  test('it cannot be read: nothing was compared', async () => {
    const latest = () => readdir('/dev/null/checkpoints').then(() => null);
    await expect(reasonOf({ archive: archiveOf(latest) })).rejects.toThrow('ENOTDIR');
  });
});

describe('a process that compares again and again', () => {
  const reading = (stored: readonly Uint8Array[], read: string[]): Partial<RecoveryQuestion> => ({
    leavesOf: async (_tenantId, from, to) => {
      read.push(`${from}-${to}`);
      return stored.slice(Number(from), Number(to));
    },
  });
  const compareAgain = async (proven: ProvenEdges, over: Partial<RecoveryQuestion>) => (await checkRecovery(questionOf(over), proven)).reason();

  test('reads the leaves since, and the last one of before', async () => {
    const [proven, read]: [ProvenEdges, string[]] = [new Map(), []];
    const at = (size: number) => ({ heads: async () => [headOf(size + 1)], archive: published(size), ...reading(leaves, read) });
    expect(await compareAgain(proven, at(5_000))).toBeNull();
    read.length = 0;
    expect(await compareAgain(proven, at(5_003))).toBeNull();
    expect(read).toEqual(['4999-5002', '5002-5003']);
    read.length = 0;
    expect(await compareAgain(proven, at(5_003))).toBeNull();
    expect(read).toEqual(['5002-5003']);
  });

  test('notices an older copy that has grown past what was published', async () => {
    const proven: ProvenEdges = new Map();
    expect(await compareAgain(proven, { heads: async () => [headOf(10)], archive: published(9) })).toBeNull();
    const regrown = leaves.map((leaf, i) => (i < 8 ? leaf : sha256(leaf)));
    const heads = async () => [{ ...headOf(10), root: merkleRoot(sha256, regrown.slice(0, 10)) }];
    expect(await compareAgain(proven, { heads, archive: published(9), ...reading(regrown, []) })).toMatch(/was rewritten/);
  });

  test('takes nothing as proven from an archive that went back', async () => {
    const proven: ProvenEdges = new Map();
    expect(await compareAgain(proven, { heads: async () => [headOf(10)], archive: published(9) })).toBeNull();
    expect(await compareAgain(proven, { heads: async () => [headOf(10)], archive: published(4) })).toBeNull();
    expect(await compareAgain(proven, { heads: async () => [headOf(10)], archive: published(4, sha256()) })).toMatch(/was rewritten/);
  });
});

describe('recovery mode, with a sentence that says why', () => {
  test('an older copy was put back', async () =>
    expect(await reasonOf({ heads: async () => [headOf(8)] })).toMatch(/holds 8 events, but 9 were published.*older copy/));
  test('an older copy without any event was put back', async () =>
    expect(await reasonOf({ heads: async () => [headOf(0)] })).toMatch(/holds 0 events, but 9/));
  test('the log was rewritten to the same size', async () => expect(await reasonOf({ archive: published(9, sha256()) })).toMatch(/was rewritten/));
  test('an older copy was put back and has grown past what was published', async () =>
    expect(await reasonOf({ heads: async () => [headOf(12)], archive: published(9, sha256()) })).toMatch(/was rewritten/));
  test('leaves below the head are gone', async () =>
    expect(await reasonOf({ heads: async () => [headOf(12)], leavesOf: async () => leaves.slice(0, 8) })).toMatch(/was rewritten/));
  test('the database is of another installation', async () =>
    expect(await reasonOf({ installationId: 'other' })).toMatch(/installation other.*key file of mine/));
  test('the database was never set up', async () => expect(await reasonOf({ installationId: null })).toMatch(/installation none/));
  test('a published checkpoint does not verify', async () => {
    const latest = async () => {
      throw new Error('the signature does not verify');
    };
    expect(await reasonOf({ archive: archiveOf(latest) })).toMatch(/cannot be compared.*signature does not verify/);
  });
  test('one workspace of many is enough', async () => {
    const archive = archiveOf(async (tenantId) => ({ size: tenantId === 'tenant' ? 9n : 10n, root: rootOf(9), note: '' }));
    expect(await reasonOf({ archive, heads: async () => [headOf(9), { ...headOf(9), tenantId: 'other' }] })).toMatch(/workspace other holds 9/);
  });
});

test('what is entered while the process runs stays, and the first reason counts', async () => {
  const mode = await checkRecovery(questionOf({}));
  mode.enter('first');
  mode.enter('second');
  expect(mode.reason()).toBe('first');
});
