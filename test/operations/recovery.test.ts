import { describe, expect, test } from '@jest/globals';
import { leafHash, merkleRoot } from '../../domain/merkle.js';
import { checkRecovery, type RecoveryQuestion } from '../../operations/recovery/check.js';
import { sha256 } from '../../vault/sha256.js';

const leaves = Array.from({ length: 20_000 }, (_, i) => leafHash(sha256, Buffer.from(`event ${i}`)));
const rootOf = (size: number) => merkleRoot(sha256, leaves.slice(0, size));
const headOf = (size: number) => ({ tenantId: 'tenant', size: BigInt(size), root: size === 0 ? null : rootOf(size) });
const published = (size: number, root = rootOf(size)) => ({ latest: async () => ({ size: BigInt(size), root, note: '' }) });

const reasonOf = async (over: Partial<RecoveryQuestion>): Promise<string | null> => {
  const mode = await checkRecovery({
    sha256,
    heads: async () => [headOf(9)],
    archive: published(9),
    installationId: 'mine',
    keyFileInstallationId: 'mine',
    leavesOf: async (_tenantId, from, to) => leaves.slice(Number(from), Number(to)),
    ...over,
  });
  return mode.reason();
};

describe('normal operation', () => {
  test('the head is what was published', async () => expect(await reasonOf({})).toBeNull());
  test('nothing was published yet', async () => expect(await reasonOf({ archive: { latest: async () => null } })).toBeNull());
  test('a workspace without events', async () =>
    expect(await reasonOf({ heads: async () => [headOf(0)], archive: { latest: async () => null } })).toBeNull());
  test('the last events were sealed and not published when the process died', async () =>
    expect(await reasonOf({ heads: async () => [headOf(20_000)], archive: published(17_001) })).toBeNull());
  test('an event is sealed and published while the comparison runs', async () => {
    const sizes = [8, 9];
    expect(await reasonOf({ heads: async () => [headOf(sizes.shift() ?? 9)] })).toBeNull();
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
    expect(await reasonOf({ archive: { latest } })).toMatch(/cannot be compared.*signature does not verify/);
  });
  test('one workspace of many is enough', async () => {
    const archive = { latest: async (tenantId: string) => ({ size: tenantId === 'tenant' ? 9n : 10n, root: rootOf(9), note: '' }) };
    expect(await reasonOf({ archive, heads: async () => [headOf(9), { ...headOf(9), tenantId: 'other' }] })).toMatch(/workspace other holds 9/);
  });
});

test('what is entered while the process runs stays, and the first reason counts', async () => {
  const mode = await checkRecovery({
    sha256,
    heads: async () => [],
    archive: published(0),
    installationId: 'mine',
    keyFileInstallationId: 'mine',
    leavesOf: async () => [],
  });
  mode.enter('first');
  mode.enter('second');
  expect(mode.reason()).toBe('first');
});
