import { randomUUID } from 'node:crypto';
import { cp, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { verifyAudit } from '../../client/verify/audit.js';
import { verifyProof } from '../../client/verify/proof.js';
import { recoveryFacts } from '../../db/tree-heads.js';
import type { ExportRecord } from '../../domain/audit/export.js';
import { leafHash } from '../../domain/hashing.js';
import { merkleRoot } from '../../domain/merkle.js';
import { exportAudit } from '../../operations/audit/export.js';
import { showCheckpoint } from '../../operations/audit/show-checkpoint.js';
import type { Context } from '../../operations/context.js';
import { showProof } from '../../operations/proof/show.js';
import { applyRecoveries } from '../../operations/recovery/apply.js';
import { checkRecovery } from '../../operations/recovery/check.js';
import { openCheckpointFolder } from '../../vault/checkpoint-folder.js';
import { sha256 } from '../../vault/sha256.js';
import { freshFolder } from '../harness/fresh-folder.js';
import { openPayingWorld, type PayingWorld, tokens } from '../world/paying.js';
import { confirmedRecovery } from '../world/proposals.js';
import { must } from '../world/wire.js';

jest.setTimeout(120_000);

/** The log of a recovered workspace, in the database, in the archive and as an export of it. */

let world: PayingWorld;
let tenantId: string;
beforeAll(async () => {
  world = await openPayingWorld();
  await world.connect({ endpoint: 'single' });
  ({ tenantId } = world.home);
  await world.sql('INSERT INTO installation (singleton, id) VALUES (true, $1)', [randomUUID()], randomUUID());
});
afterAll(() => world?.close());

const recovering = { recovery: { reason: () => 'an older copy was put back' } };
const write = async (count: number) => {
  for (let n = 0; n < count; n++) await world.writeEvent(tenantId, randomUUID(), { n });
};
const sizeNow = async () => (await world.archive.latest(tenantId))?.size ?? 0n;

/** Checkpoints that the lost database published after the newest one of the copy, at these distances from it. Returns the largest size. */
const publishLost = async (...further: number[]): Promise<bigint> => {
  const generation = await world.archive.generation(tenantId);
  const leaves = await world.api().inTenant((stores) => stores.audit.leaves(0n, 10_000n));
  const kept = Number(await sizeNow());
  for (const more of further) {
    const tree = [...leaves.slice(0, kept), ...Array.from({ length: more }, (_, i) => leafHash(sha256, Buffer.from(`lost ${generation} ${i}`)))];
    const note = world.services.signer.sign({ tenantId, generation }, BigInt(tree.length), merkleRoot(sha256, tree));
    await world.archive.publish(tenantId, BigInt(tree.length), note);
  }
  return BigInt(kept + Math.max(...further));
};

const carryOut = (ctx: Context = world.worker(recovering)) => applyRecoveries(ctx, { endRuns: async () => {}, archive: world.archive });
const recover = async () => {
  await confirmedRecovery(world);
  expect(await carryOut()).toBe(1);
};

const reasonNow = async (): Promise<string | null> => {
  const facts = await recoveryFacts(world.pool('worker'));
  return (await checkRecovery({ ...facts, sha256, archive: world.archive, keyFileInstallationId: facts.installationId ?? '' })).reason();
};

/** Every note in the folder, whatever became of it. */
const allNotes = async (): Promise<string[]> => {
  const files = (await readdir(world.checkpoints, { recursive: true })).filter((file) => file.startsWith(tenantId) && file.endsWith('.note'));
  return Promise.all(files.map((file) => readFile(join(world.checkpoints, file), 'utf8')));
};
const exported = async (): Promise<ExportRecord[]> => {
  const records: ExportRecord[] = [];
  for await (const record of must(await exportAudit(world.api()))) records.push(record);
  return records;
};
const verified = (records: readonly ExportRecord[], checkpoints: readonly string[]) =>
  verifyAudit(
    records.map((record) => JSON.stringify(record)),
    { verifierKey: world.services.signer.verifierKeyFor({ tenantId, generation: 1 }), checkpoints, tenantId },
  );

test('the export verifies with all checkpoints there ever were, kept, lost and new, and names each gap', async () => {
  await write(4);
  await world.sequence();
  const kept = await sizeNow();
  const lost = await publishLost(7, 1_000);
  expect(await reasonNow()).toMatch(/an older copy was put back/);
  await recover();
  await write(3);
  await world.sequence();
  const before = await allNotes();
  const records = await exported();
  const report = await verified(records, before);
  expect(report).toMatchObject({ ok: true, findings: [], gaps: [{ generation: 1, kept: Number(kept), lost: Number(lost), checkpoints: 2 }] });
  expect(report.lines.at(-1)).toBe('checksum ok, with a declared gap of 1,000 events');

  // Its numbers cannot be altered, nor the event left out.
  const altered = records.map((record) =>
    record.type === 'event' && record.event?.['action'] === 'workspace.recover'
      ? { ...record, event: { ...record.event, detail: { ...(record.event['detail'] as object), lost_size: String(lost + 1n) } } }
      : record,
  );
  expect((await verified(altered, before)).ok).toBe(false);
  expect((await verified(altered, [])).ok).toBe(false);
  const missing = records.filter((record) => record.type !== 'event' || record.event?.['action'] !== 'workspace.recover');
  expect((await verified(missing, before)).ok).toBe(false);

  // Lost again, and recovered again.
  await publishLost(20);
  await recover();
  await write(1);
  await world.sequence();
  const twice = await verified(await exported(), await allNotes());
  expect(twice).toMatchObject({ ok: true, findings: [], gaps: [{ generation: 1 }, { generation: 2, checkpoints: 1 }] });
  expect(twice.lines.at(-1)).toBe('checksum ok, with 2 declared gaps of 1,020 events');
});

test('checkpoint and evidence after a recovery have the origin and the key of the new generation, and the old key opens them', async () => {
  const { signer } = world.services;
  const generation = await world.archive.generation(tenantId);
  const id = await world.queued(tokens(2));
  await write(1);
  await world.sequence();
  const log = { tenantId, generation: generation + 1 };
  await recover();
  // Until the first checkpoint of the new generation, the newest one is of the old.
  const old = { tenantId, generation };
  expect(must(await showCheckpoint(world.api()))).toMatchObject({ origin: signer.origin(old), verifier_key: signer.verifierKeyFor(old) });
  expect((await verified(await exported(), await allNotes())).findings).toEqual([]);
  await world.sequence();
  const shown = must(await showCheckpoint(world.api()));
  expect(shown).toMatchObject({ origin: signer.origin(log), verifier_key: signer.verifierKeyFor(log) });
  expect(shown.note.split('\n')[0]).toBe(shown.origin);
  const proof = must(await showProof(world.api(), { batch_id: id, reveal: false }));
  expect(proof.checkpoint).toMatchObject({ origin: signer.origin(log), verifier_key: signer.verifierKeyFor(log) });
  for (const held of [{ tenantId, generation: 1 }, log])
    expect(verifyProof(proof, { verifierKey: signer.verifierKeyFor(held) })).toMatchObject({ ok: true, unsealed: 0 });
  const foreign = { verifierKey: signer.verifierKeyFor({ tenantId: randomUUID(), generation: 1 }) };
  expect(verifyProof(proof, foreign).findings.map(({ kind }) => kind)).toContain('unsigned');
});

test('a recovery that dies after the archive began the new generation goes on with that one, and nothing passes as normal before its end', async () => {
  await write(1);
  await world.sequence();
  expect(await reasonNow()).toBeNull();
  const generation = await world.archive.generation(tenantId);
  await confirmedRecovery(world);
  const ctx = world.worker(recovering);
  // Dies before the third transaction, the fourth, and so on: the generation was begun before all of these.
  let deaths = 0;
  for (let dies = 3; ; dies++) {
    let transactions = 0;
    const inTenant: Context['inTenant'] = async (work, options) => {
      if (++transactions === dies) throw new Error('died');
      return ctx.inTenant(work, options);
    };
    if ((await carryOut({ ...ctx, inTenant }).catch(() => 0)) === 1) break;
    deaths++;
    expect(await world.archive.generation(tenantId)).toBe(generation + 1);
    expect(await reasonNow()).toMatch(/this database was given up then, or its recovery has not ended/);
  }
  expect(deaths).toBeGreaterThan(1);
  expect(await world.archive.generation(tenantId)).toBe(generation + 1);
  // Before the first checkpoint of the new generation, and after it.
  expect(await reasonNow()).toBeNull();
  await world.sequence();
  expect(await reasonNow()).toBeNull();
  expect((await world.archive.latest(tenantId))?.note.split('\n')[0]).toBe(world.services.signer.origin({ tenantId, generation: generation + 1 }));
});

test('of two copies the one that was recovered last goes on: the other can neither pass the comparison nor publish, until it is recovered itself', async () => {
  await write(1);
  await world.sequence();
  const [generation, kept] = [await world.archive.generation(tenantId), await sizeNow()];
  // Another copy is recovered elsewhere with the same archive, and goes on. This database is the lost one, which is found again.
  await write(2);
  await world.sequence();
  await world.archive.startGeneration(tenantId, { proposalId: randomUUID(), generation, kept });
  await publishLost(3, 30);
  expect(await reasonNow()).toMatch(new RegExp(`is in generation ${generation} here, but generation ${generation + 1} was begun.*given up`));
  const published = await allNotes();
  await write(2);
  const { pass, recovery } = world.newSequencer();
  await pass('own_heads');
  expect(recovery.reason()).toMatch(/this database was given up/);
  expect(await allNotes()).toEqual(published);

  await recover();
  expect(await reasonNow()).toBeNull();
  await world.sequence();
  expect(await reasonNow()).toBeNull();
  const report = await verified(await exported(), await allNotes());
  expect(report).toMatchObject({ ok: true, findings: [] });
  expect(report.gaps.at(-1)).toMatchObject({
    ...{ generation: generation + 1, followedBy: generation + 2, kept: Number(kept), lost: Number(kept) + 30, checkpoints: 2 },
  });
});

test('an archive that does not know of the generation is not the one that was published to', async () => {
  const folder = freshFolder('older-archive');
  await cp(world.checkpoints, folder, { recursive: true });
  await confirmedRecovery(world);
  await rm(join(folder, tenantId, 'generations'), { recursive: true });
  const facts = await recoveryFacts(world.pool('worker'));
  const archive = openCheckpointFolder(folder, world.services.signer.verifierKey);
  const found = await checkRecovery({ ...facts, sha256, archive, keyFileInstallationId: facts.installationId ?? '' });
  expect(found.reason()).toMatch(/but SLUICE_CHECKPOINT_DIR knows of 1 only/);
  // Nor is a recovery begun in it.
  await expect(applyRecoveries(world.worker(recovering), { endRuns: async () => {}, archive })).rejects.toThrow(
    /lacks what its database goes on from/,
  );
  await rm(folder, { recursive: true });
});
