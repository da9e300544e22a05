import { setTimeout as pause } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import type pg from 'pg';
import { exportLines } from '../client/stream.js';
import { verifyAudit } from '../client/verify/audit.js';
import type { StackState } from '../dev/data-folder/state.js';
import { fromWireId } from '../domain/ids.js';
import type { People } from '../test/e2e/harness/people.js';
import type { World } from '../test/e2e/harness/world.js';
import { until } from '../test/harness/until.js';
import { workflowIdOf } from '../workflows/messages.js';
import { type PartUsage, usageOf, watchMemory } from './processes.js';
import { ownerOf, type RailMode, useRail } from './rail-mode.js';
import { uploadBatch } from './upload.js';

/** The figures of one batch, from the upload of its file to its last settled item. */
export interface EndToEndRun {
  name: string;
  items: number;
  /** From the request that opens the execute gate to the end of the batch. */
  seconds: number;
  itemsPerSecond: number;
  uploadSeconds: number;
  chunks: number;
  history: { events: number; runs: number };
  /** Rows and bytes that were written between execute and end, per item. */
  rowsAnItem: number;
  bytesAnItem: number;
  walBytesAnItem: number;
  /** CPU of each part between execute and end, µs per item. */
  cpu: Record<keyof PartUsage, number>;
  /** MiB. */
  memory: Record<'upload' | 'pay', ReturnType<ReturnType<typeof watchMemory>['stop']>>;
}

const GATES = { approve: 'approver', authorize: 'authorizer', execute: 'executor' } as const;

export interface Paying {
  people: People;
  batchId: string;
}

/** Starts an observation at execute; the returned function ends it when the batch has ended. */
export type Watch = (paying: Paying) => Promise<() => Promise<void>>;

/** Pays a batch of `items` and checks the books afterwards. Throws when a check fails, so that there is no figure. */
export const payBatch = async (
  world: World,
  rail: RailMode,
  items: number,
  name: string,
  say: (line: string) => void,
  watch?: Watch,
): Promise<EndToEndRun> => {
  const owner = await ownerOf(world);
  try {
    await useRail(owner, rail);
    const state = world.stack.state();
    const people = await world.newPeople();
    const uploading = watchMemory(world.stack.state);
    const uploadedFrom = performance.now();
    const batchId = await uploadBatch(people, state.funding_account_id, items);
    const uploadSeconds = (performance.now() - uploadedFrom) / 1_000;
    const uploadMemory = uploading.stop();
    say(`${name}: uploaded in ${uploadSeconds.toFixed(1)} s`);
    for (const gate of ['approve', 'authorize'] as const) await (await prepareGate(people, batchId, gate))();
    const execute = await prepareGate(people, batchId, 'execute');
    await owner.query('CHECKPOINT').catch(() => undefined);
    await pause(STATISTICS_MS);

    const before = { written: await writtenSoFar(owner), cpu: usageOf(state) };
    const unwatch = await watch?.({ people, batchId });
    const paying = watchMemory(world.stack.state);
    const started = performance.now();
    await execute();
    await batchEnd(owner, batchId);
    const seconds = (performance.now() - started) / 1_000;
    const cpu = usageOf(world.stack.state());
    const payMemory = paying.stop();
    await unwatch?.();
    await pause(STATISTICS_MS);
    const after = await writtenSoFar(owner);

    say(`${name}: paid in ${seconds.toFixed(1)} s; checking the books`);
    await requireSound(world, people);
    return {
      name,
      items,
      seconds,
      itemsPerSecond: items / seconds,
      uploadSeconds,
      chunks: Math.ceil(items / rail.chunkSize),
      history: await historyEvents(state, batchId),
      rowsAnItem: (after.rows - before.written.rows) / items,
      bytesAnItem: (after.bytes - before.written.bytes) / items,
      walBytesAnItem: (after.walBytes - before.written.walBytes) / items,
      cpu: Object.fromEntries(
        Object.entries(cpu).map(([part, usage]) => [part, ((usage.cpuSeconds - before.cpu[part as keyof PartUsage].cpuSeconds) * 1e6) / items]),
      ) as EndToEndRun['cpu'],
      memory: { upload: uploadMemory, pay: payMemory },
    };
  } finally {
    await owner.end();
  }
};

/** Asks for the challenge of a gate and for a code. Returns the request that opens the gate, so that only it is measured. */
const prepareGate = async (people: People, batchId: string, gate: keyof typeof GATES): Promise<() => Promise<unknown>> => {
  const { client, nextCode } = people[GATES[gate]];
  const challenge = await client.ask_challenge({ batch_id: batchId, gate });
  const code = await nextCode();
  return () => client[`${gate}_payout_batch`]({ batch_id: batchId, challenge_id: challenge.id, code });
};

const POLL_MS = 10;
const WAIT_MAX_MS = 30 * 60_000;

const batchEnd = async (owner: pg.Client, batchId: string): Promise<void> => {
  for (const until = Date.now() + WAIT_MAX_MS; Date.now() < until; await pause(POLL_MS)) {
    const { rows } = await owner.query<{ state: string }>({
      name: 'state',
      text: 'SELECT state FROM batch_control WHERE batch_id = $1',
      values: [fromWireId('batch', batchId)],
    });
    if (rows[0]?.state === 'completed') return;
    if (rows[0]?.state !== 'executing' && rows[0]?.state !== 'authorized') throw new Error(`the batch ended as ${rows[0]?.state}`);
  }
  throw new Error(`batch ${batchId} has not ended`);
};

/** Throws unless ledger, transitions and provider agree, nothing was paid twice, and the audit log verifies. */
const requireSound = async (world: World, people: People): Promise<void> => {
  const broken = await world.broken();
  const { verifier_key } = await people.preparer.client.show_checkpoint({});
  const audit = await verifyAudit(exportLines(people.preparer.client.transport), { verifierKey: verifier_key });
  if (!audit.ok) broken.push(...audit.lines);
  if (broken.length > 0) throw new Error(`a failed run: ${broken.join('\n')}`);
};

/** How much the database has written and holds; the difference of two readings counts. */
interface Written {
  rows: number;
  bytes: number;
  walBytes: number;
}

/** Inserted rows, the size of all tables and partitions with their indexes, and the end of the write-ahead log. */
const writtenSoFar = async (owner: pg.Client): Promise<Written> => {
  const { rows } = await owner.query<{ rows: string; bytes: string; wal: string }>(
    `SELECT (SELECT sum(n_tup_ins) FROM pg_stat_user_tables) AS rows,
      (SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE relkind = 'r' AND relnamespace::regnamespace::text IN ('public', 'sluice_parts')) AS bytes,
      pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0') AS wal`,
  );
  const [row] = rows;
  return { rows: Number(row?.rows ?? 0), bytes: Number(row?.bytes ?? 0), walBytes: Number(row?.wal ?? 0) };
};

/** A backend reports its statistics within a second after its last statement. */
const STATISTICS_MS = 1_500;

/** History events of all runs of a batch's workflow; waits until the last run has closed. */
const historyEvents = async ({ temporal_address, namespace }: StackState, batchId: string): Promise<{ events: number; runs: number }> => {
  const connection = await Connection.connect({ address: temporal_address });
  try {
    const client = new Client({ connection, namespace });
    return await until(`the end of the workflow of ${batchId}`, async () => {
      const runs: { open: boolean; events: number }[] = [];
      for await (const run of client.workflow.list({ query: `WorkflowId = '${workflowIdOf(batchId)}'` }))
        runs.push({ open: run.status.name === 'RUNNING', events: run.historyLength });
      return runs.length > 0 && !runs.some((run) => run.open)
        ? { events: runs.reduce((sum, run) => sum + run.events, 0), runs: runs.length }
        : undefined;
    });
  } finally {
    await connection.close();
  }
};
