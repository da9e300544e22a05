import { randomUUID } from 'node:crypto';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { openDatabase } from '../../db/transaction/open.js';
import { recoveryFacts } from '../../db/tree-heads.js';
import { checkRecovery, type ProvenEdges } from '../../operations/recovery/check.js';
import { openCheckpointFolder } from '../../vault/checkpoint-folder.js';
import { sha256 } from '../../vault/sha256.js';
import { freshFolder } from '../harness/fresh-folder.js';
import { openWorld, type World } from '../world/open.js';

let world: World;
let tenantId: string;
beforeAll(async () => {
  world = await openWorld({ funds: 0n });
  await world.sql('INSERT INTO installation (singleton, id) VALUES (true, $1)', [randomUUID()], randomUUID());
});
afterAll(() => world.close());
beforeEach(async () => {
  ({ tenantId } = await world.workspace());
});

const sealSome = async (count: number) => {
  for (let i = 0; i < count; i++) await world.writeEvent(tenantId, randomUUID());
  await world.newSequencer().pass('all_heads');
};

const reasonIn = async (folder: string, proven?: ProvenEdges) => {
  const facts = await recoveryFacts(world.pool('api'));
  const archive = openCheckpointFolder(folder, world.services.signer.verifierKey);
  return (await checkRecovery({ ...facts, sha256, archive, keyFileInstallationId: facts.installationId ?? '' }, proven)).reason();
};

test('an empty folder beside a database that has published is recovery mode, until it is put back [S1-24]', async () => {
  await sealSome(3);
  expect(await reasonIn(world.checkpoints)).toBeNull();
  const empty = freshFolder('checkpoints');
  expect(await reasonIn(empty)).toMatch(/was published up to \d+ events, but SLUICE_CHECKPOINT_DIR holds no checkpoint of it/);
  await rm(empty, { recursive: true });
});

test('a folder whose newest checkpoints are gone is recovery mode, until they are put back [S1-24]', async () => {
  await sealSome(3);
  await sealSome(2);
  const newest = join(world.checkpoints, tenantId, '00000000000000000005.note');
  await rename(newest, `${newest}.away`);
  expect(await reasonIn(world.checkpoints)).toContain(
    `workspace ${tenantId} was published up to 5 events, but the newest checkpoint in SLUICE_CHECKPOINT_DIR is of 3`,
  );
  await rename(`${newest}.away`, newest);
  expect(await reasonIn(world.checkpoints)).toBeNull();
});

test('each role may ask, and a system that goes on sequencing and publishing never enters recovery mode', async () => {
  const { pass, problems } = world.newSequencer();
  let going = true;
  const publishing = (async () => {
    for (; going; await pass('all_heads')) await Promise.all([world.writeEvent(tenantId, randomUUID()), world.writeEvent(tenantId, randomUUID())]);
  })();
  const proven: ProvenEdges = new Map();
  const reasons = new Set<string | null>();
  for (let round = 0; round < 25; round++) reasons.add(await reasonIn(world.checkpoints, proven));
  going = false;
  await publishing;
  expect([[...reasons], problems]).toEqual([[null], []]);
  for (const role of ['worker', 'sequencer'] as const) {
    const database = openDatabase(world.database.urls[role], 1);
    const facts = await recoveryFacts(database);
    const head = (await facts.heads()).find((row) => row.tenantId === tenantId);
    expect(head?.recordedSize).toBe(head?.size);
    await database.close();
  }
});
