import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { toHex } from '../../domain/hashing.js';
import { merkleRoot } from '../../domain/merkle.js';
import { runSequencer } from '../../relay/sequencer.js';
import { sha256 } from '../../vault/sha256.js';
import { until } from '../harness/until.js';
import { openWorld, type World } from '../world/open.js';

let world: World;
beforeAll(async () => {
  world = await openWorld({ funds: 0n });
});
afterAll(() => world.close());

const stateOf = (tenantId: string) =>
  world.api(tenantId).inTenant(async ({ audit }) => {
    const tree = await audit.tree();
    const leaves = await audit.leaves(0n, tree?.size ?? 0n);
    return {
      tree,
      leaves,
      checkpoint: await audit.latestCheckpoint(),
      waiting: (await audit.lag()).waiting,
      events: await audit.exportFrom(0n, 10_000),
    };
  });

const writeMany = (tenantId: string, subjects: readonly string[], count: number) =>
  Promise.all(Array.from({ length: count }, (_, n) => world.writeEvent(tenantId, subjects[n % subjects.length] ?? '', { n })));

const rootOf = (leaves: readonly Uint8Array[]) => toHex(merkleRoot(sha256, leaves));

test('every committed event gets one leaf, in the order of its subject, under a published root [S1-18]', async () => {
  const { tenantId } = await world.workspace();
  const subjects = [randomUUID(), randomUUID(), randomUUID()];
  const { pass } = world.newSequencer();
  const written: string[] = [];
  for (const count of [1, 7, 20]) {
    written.push(...(await writeMany(tenantId, subjects, count)));
    await pass('own_heads');
  }
  const { tree, leaves, checkpoint, waiting, events } = await stateOf(tenantId);
  expect(waiting).toBe(0);
  expect(events.map((event) => event.id).sort()).toEqual([...written].sort());
  expect(tree && toHex(tree.root)).toBe(rootOf(leaves));
  expect(checkpoint).toMatchObject({ size: 28n, root: tree?.root });
  expect((await world.archive.latest(tenantId))?.note).toBe(checkpoint?.note);
  for (const subject of subjects) {
    const chain = events.filter((event) => event.subject.id === subject).map((event) => event.subjectSeq);
    expect(chain).toEqual(chain.map((_, i) => i + 1));
  }
});

test('many sequencers at once give each event one place [S1-18]', async () => {
  const { tenantId } = await world.workspace();
  const sequencers = Array.from({ length: 6 }, () => world.newSequencer());
  const writing = writeMany(tenantId, [randomUUID(), randomUUID()], 60);
  for (let round = 0; round < 5; round++) await Promise.all(sequencers.map(({ pass }) => pass('own_heads')));
  await writing;
  await Promise.all(sequencers.map(({ pass }) => pass('all_heads')));
  // A sequencer that finds the tenant busy leaves it to another one, which may have looked before the last commit.
  await world.newSequencer().pass('all_heads');
  const { tree, leaves, checkpoint, events } = await stateOf(tenantId);
  expect(new Set(events.map((event) => event.id)).size).toBe(60);
  expect(tree).toMatchObject({ size: 60n });
  expect(tree && toHex(tree.root)).toBe(rootOf(leaves));
  expect(checkpoint?.size).toBe(60n);
  expect(sequencers.flatMap(({ recovery, problems }) => [recovery.reason() ?? [], problems].flat())).toEqual([]);
});

test('a process that dies between commit and publishing leaves a head that the next one publishes', async () => {
  const { tenantId } = await world.workspace();
  await writeMany(tenantId, [randomUUID()], 3);
  const dying = world.newSequencer({
    failpoint: async () => {
      throw new Error('killed');
    },
  });
  await expect(dying.pass('own_heads')).rejects.toThrow('killed');
  expect(await stateOf(tenantId)).toMatchObject({ tree: { size: 3n }, checkpoint: null });
  await world.newSequencer().pass('all_heads');
  expect((await stateOf(tenantId)).checkpoint?.size).toBe(3n);
  expect((await world.archive.latest(tenantId))?.size).toBe(3n);
});

test('a damaged log holds up its own tenant alone', async () => {
  const [damaged, sound] = [(await world.workspace()).tenantId, (await world.workspace()).tenantId];
  await world.writeEvent(damaged, randomUUID(), {});
  await world.newSequencer().pass('own_heads');
  await world.sql(`UPDATE audit_tree SET frontier = ARRAY['\\x00'::bytea]`, [], damaged);
  await world.writeEvent(damaged, randomUUID(), {});
  await world.writeEvent(sound, randomUUID(), {});
  const { pass, problems } = world.newSequencer();
  await pass('own_heads');
  expect((await stateOf(sound)).checkpoint?.size).toBe(1n);
  expect(await stateOf(damaged)).toMatchObject({ tree: { size: 1n }, waiting: 1 });
  expect(problems).toHaveLength(1);
  await world.sql('UPDATE audit_tree SET frontier = ARRAY[root]', [], damaged);
  await pass('own_heads');
  expect(await stateOf(damaged)).toMatchObject({ tree: { size: 2n }, waiting: 0 });
});

test('an unwritable archive holds back the checkpoint, not the sequencing, and is no reason for recovery', async () => {
  const { tenantId } = await world.workspace();
  await writeMany(tenantId, [randomUUID()], 2);
  const file = join(world.checkpoints, 'no-folder');
  await writeFile(file, '');
  const { pass, recovery, problems } = world.newSequencer({ folder: file });
  await pass('own_heads');
  expect(recovery.reason()).toBeNull();
  expect(problems).toHaveLength(1);
  expect(await stateOf(tenantId)).toMatchObject({ tree: { size: 2n }, checkpoint: null });
  await world.newSequencer().pass('all_heads');
  expect((await stateOf(tenantId)).checkpoint?.size).toBe(2n);
});

test('a log that differs from what was published ends sequencing and publishing', async () => {
  const [tenantId, folder] = [(await world.workspace()).tenantId, await mkdtemp(join(tmpdir(), 'sluice-archive-'))];
  try {
    await writeMany(tenantId, [randomUUID()], 4);
    const { pass, recovery, parts } = world.newSequencer({ folder });
    // Somebody published four other events of this workspace before.
    await parts.archive.publish(tenantId, 4n, world.services.signer.sign({ tenantId, generation: 1 }, 4n, merkleRoot(sha256, [sha256()])));
    await pass('own_heads');
    expect(recovery.reason()).toContain('was rewritten');
    expect((await stateOf(tenantId)).checkpoint).toBeNull();
    await writeMany(tenantId, [randomUUID()], 1);
    await pass('all_heads');
    expect((await stateOf(tenantId)).waiting).toBe(1);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test('an older copy that is put back under a running sequencer is noticed', async () => {
  const { tenantId } = await world.workspace();
  const { pass, recovery, parts } = world.newSequencer();
  await writeMany(tenantId, [randomUUID()], 3);
  await pass('own_heads');
  const older = { ...parts.store, heads: async () => [{ tenantId, size: 2n, root: sha256() }], head: async () => null };
  expect(recovery.reason()).toBeNull();
  Object.assign(parts.store, older);
  await pass('all_heads');
  expect(recovery.reason()).toContain('an older copy was put back');
});

test('a group that fails leaves tree, leaves and queue as they were', async () => {
  const { tenantId } = await world.workspace();
  await writeMany(tenantId, [randomUUID()], 2);
  const { pass, parts } = world.newSequencer();
  await pass('own_heads');
  await writeMany(tenantId, [randomUUID()], 2);
  const before = await stateOf(tenantId);
  await world.sql(`UPDATE audit_tree SET root = $1`, [Buffer.alloc(32)], tenantId);
  await expect(parts.store.sequence(tenantId, 10)).rejects.toThrow('does not lead to its root');
  await world.sql(`UPDATE audit_tree SET root = $1`, [before.tree?.root], tenantId);
  expect(await stateOf(tenantId)).toEqual(before);
});

test('the running sequencer is woken by a commit, and publishes', async () => {
  const { tenantId } = await world.workspace();
  const stop = new AbortController();
  const { parts } = world.newSequencer();
  const running = runSequencer({ ...parts, directUrl: world.database.urls.sequencer, signal: stop.signal });
  try {
    await writeMany(tenantId, [randomUUID()], 5);
    const published = await until('all five are published', async () => {
      const latest = await world.archive.latest(tenantId);
      return latest?.size === 5n ? latest : undefined;
    });
    expect(toHex(published.root)).toBe(rootOf((await stateOf(tenantId)).leaves));
  } finally {
    stop.abort();
    await running;
  }
});
