import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { exportLines } from '../../client/stream.js';
import { type AuditReport, verifyAudit } from '../../client/verify/audit.js';
import { placesIn } from '../../dev/data-folder/places.js';
import { fromWireId } from '../../domain/ids.js';
import { openCheckpointSigner } from '../../vault/checkpoint-signer.js';
import { readKeyFile } from '../../vault/key-file.js';
import { runSluice } from '../cli/run-sluice.js';
import { until } from '../harness/until.js';
import { copyDatabase, type OlderCopy } from './harness/database.js';
import { sampleItems } from './harness/payments.js';
import { newPerson, type People, type Person } from './harness/people.js';
import { ITEMS, ROUNDS } from './harness/rounds.js';
import { startWorld, type World } from './harness/world.js';

jest.setTimeout(300_000);

/*
 * A real copy of the database is put back while the provider, Temporal and the published checkpoints keep what they know. Two people
 * recover it with the command line, as docs/reliability.md says.
 */

let world: World;
let proposer: Person;
let confirmer: Person;
let auditor: Person;
beforeAll(async () => {
  world = await startWorld({
    connection: { endpoint: 'single', settlement: 'immediate', timeout_ms: 1_000 },
    env: { worker: { SLUICE_CHUNK_WINDOW: '1', SLUICE_RECONCILE_SECONDS: '1' } },
  });
  const person = (role: 'authorizer' | 'auditor') => newPerson(world.stack.state(), world.keyFile, role);
  [proposer, confirmer, auditor] = [await person('authorizer'), await person('authorizer'), await person('auditor')];
});
afterAll(() => world?.close());

/** Who is connected to the database. */
const PARTS = ['worker', 'api'] as const;
const stopAll = async (): Promise<void> => {
  for (const part of [...PARTS].reverse()) await world.stack.stopPart(part);
};
const startAll = async (): Promise<void> => {
  for (const part of PARTS) await world.stack.startPart(part);
};
const readiness = async (part: 'api' | 'worker'): Promise<{ ok: boolean; text: string }> => {
  const answer = await fetch(`http://127.0.0.1:${world.stack.state().processes[part]?.port}/readyz`);
  return { ok: answer.ok, text: await answer.text() };
};
const startNormally = async (): Promise<void> => {
  await startAll();
  for (const part of PARTS) await until(`the ${part} to be ready`, async () => ((await readiness(part)).ok ? true : undefined));
};

/** A copy of the database as it is now. */
const backup = async (): Promise<OlderCopy> => {
  await stopAll();
  const copy = await copyDatabase(world);
  await startNormally();
  return copy;
};

const sluice = async (who: Person, argv: string[], input = '') =>
  runSluice(argv, { env: { SLUICE_URL: world.stack.state().api_url, SLUICE_API_KEY: who.token }, input });

/** What an operator does: puts the copy back, reads the plan, proposes, has it confirmed, waits until it is done, and restarts. */
const restore = async (copy: OlderCopy, planned: RegExp): Promise<void> => {
  await stopAll();
  await copy.putBack();
  await startAll();
  for (const part of PARTS)
    await until(`the ${part} to be in recovery mode`, async () =>
      /an older copy was put back/.test((await readiness(part)).text) ? true : undefined,
    );

  const plan = await sluice(proposer, ['--json', 'recover', '--plan']);
  expect([plan.code, plan.stdout]).toEqual([0, expect.stringMatching(planned)]);
  const proposed = await sluice(proposer, ['--json', 'recover', '--reason', 'the disk was lost']);
  expect([proposed.code, proposed.stderr]).toEqual([0, '']);
  const proposal: { id: string; exception_id: string } = JSON.parse(proposed.stdout);
  const alone = await sluice(proposer, ['recover', '--confirm', proposal.id], `${await proposer.nextCode()}\n`);
  expect([alone.code, alone.stderr]).toEqual([1, expect.stringContaining('proposal_same_person')]);
  const confirmed = await sluice(confirmer, ['recover', '--confirm', proposal.id], `${await confirmer.nextCode()}\n`);
  expect([confirmed.code, confirmed.stderr]).toEqual([0, expect.stringContaining('restart API and worker')]);
  expect(confirmed.stdout).toMatch(/state +applied[\s\S]*carried out/);
  expect(await proposer.client.show_exception({ exception_id: proposal.exception_id })).toMatchObject({ state: 'resolved' });
  // Nothing decides until somebody restarts the processes.
  for (const part of PARTS) expect((await readiness(part)).ok).toBe(false);
  await stopAll();
  await startNormally();
};

/** Nobody is paid twice, books and provider agree to the cent, and the log verifies with every gap named. */
const holds = async (gaps: number): Promise<void> => {
  expect(await world.broken()).toEqual([]);
  const report = await verified();
  expect(report.findings).toEqual([]);
  expect(report.gaps).toHaveLength(gaps);
  expect(report.lines.at(-1)).toMatch(/^checksum ok, with .*declared gap/);
};

/** The export of the log against every checkpoint that was ever published, those of lost events among them. */
const verified = async (): Promise<AuditReport> => {
  await until('the sealing of all events', async () => {
    const { unsealed, published_at } = await auditor.client.show_checkpoint({});
    return unsealed === 0 && published_at !== null ? true : undefined;
  });
  const lines: string[] = [];
  for await (const line of exportLines(auditor.client.transport)) lines.push(line);
  const folder = join(placesIn(world.dataDir).checkpoints, world.tenantId);
  const names = (readdirSync(folder, { recursive: true }) as string[]).filter((name) => name.endsWith('.note'));
  const { verifierKey } = openCheckpointSigner(readKeyFile(world.keyFile));
  const checkpoints = names.map((name) => readFileSync(join(folder, name), 'utf8'));
  return verifyAudit(lines, { verifierKey, checkpoints, tenantId: world.tenantId });
};

const paidInFull = async (people: People, batchId: string): Promise<void> => {
  expect(await world.ended(people, batchId)).toMatchObject({ state: 'completed', outcome: 'full', counts: { paid: ITEMS, open: 0 } });
  expect(await world.accepted(batchId)).toHaveLength(ITEMS);
};
const accepted = async (): Promise<number> => (await world.provider<{ count: number }>('GET', '/books')).count;

/** Recoveries so far: each leaves a gap in the one log of the stack. */
let gaps = 0;

describe.each(ROUNDS)('round %d', () => {
  test('a copy from before execute: what was paid since is looked up when the batch executes again, and paid once', async () => {
    const people = await world.newPeople();
    const batchId = await world.authorizedBatch(people, sampleItems(ITEMS));
    const copy = await backup();
    await world.execute(people, batchId);
    await paidInFull(people, batchId);
    const before = await accepted();

    await restore(copy, new RegExp(`"id": ?"${batchId}"[^}]*"ask_then_look_up"`));
    await expect(people.executor.client.cancel_payout_batch({ batch_id: batchId })).rejects.toMatchObject({ problem: { code: 'batch_in_doubt' } });
    await world.execute(people, batchId);
    await paidInFull(people, batchId);
    expect(await accepted()).toBe(before);
    await holds(++gaps);
  });

  test('a copy from mid-run: what the lost database paid is looked up, the rest is sent, and each is paid once', async () => {
    const people = await world.newPeople();
    const batchId = await world.authorizedBatch(people, sampleItems(ITEMS));
    await world.provider('POST', '/control/faults', { latency_ms: 100 });
    const before = await accepted();
    await world.execute(people, batchId);
    await until('the first payments', async () => ((await accepted()) > before ? true : undefined));
    await people.executor.client.pause_payout_batch({ batch_id: batchId });
    const copy = await backup();
    const atCopy = await accepted();
    // The lost database goes on for a chunk, and is lost before its end.
    await people.executor.client.resume_payout_batch({ batch_id: batchId });
    await until('more payments', async () => ((await accepted()) > atCopy ? true : undefined));
    await people.executor.client.pause_payout_batch({ batch_id: batchId });
    await world.provider('POST', '/control/faults', { latency_ms: 0 });

    await restore(copy, new RegExp(`"id": ?"${batchId}"[^}]*"look_up"`));
    await people.executor.client.resume_payout_batch({ batch_id: batchId });
    await paidInFull(people, batchId);
    expect(await accepted()).toBe(before + ITEMS);
    await holds(++gaps);
  });

  test('a copy from after completion: nothing is sent, and nothing changes but the log', async () => {
    const people = await world.newPeople();
    const batchId = await world.authorizedBatch(people, sampleItems(ITEMS));
    await world.execute(people, batchId);
    await paidInFull(people, batchId);
    const copy = await backup();
    const lost = await world.authorizedBatch(people, sampleItems(3));
    await until('the lost events to be published', async () => ((await auditor.client.show_checkpoint({})).unsealed === 0 ? true : undefined));
    const before = await accepted();

    await restore(copy, /"batches": ?\[/);
    await paidInFull(people, batchId);
    await expect(people.preparer.client.show_payout_batch({ batch_id: lost })).rejects.toMatchObject({ problem: { code: 'not_found' } });
    expect(await accepted()).toBe(before);
    await holds(++gaps);
  });
});

test('payments of a batch that the copy never had: people hear of each, and nothing is booked or sent by guess', async () => {
  const copy = await backup();
  const people = await world.newPeople();
  const batchId = await world.authorizedBatch(people, sampleItems(5));
  await world.execute(people, batchId);
  expect(await world.ended(people, batchId)).toMatchObject({ state: 'completed' });
  const before = await accepted();

  await restore(copy, /"batches": ?\[/);
  const { data } = await proposer.client.list_exceptions({ state: 'open' });
  expect(data.map(({ kind }) => kind)).toContain('evidence_unknown_payment');
  const waiting = await proposer.client.list_parked_evidence({});
  const prefix = `item_${(fromWireId('batch', batchId) ?? '').replaceAll('-', '')}`;
  expect(waiting.data.filter(({ payment_key }) => payment_key.startsWith(prefix))).toHaveLength(5);
  expect(await accepted()).toBe(before);
});
