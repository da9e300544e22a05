import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import pino from 'pino';
import type { BatchWorkflows, FoundRun } from '../../relay/ports.js';
import { type ReconcilerParts, reconciler } from '../../relay/reconcile.js';

/** Longer than any patience. */
const TURN_MS = 60_000;

let nowMs: number;
beforeEach(() => {
  nowMs = 0;
  jest.spyOn(performance, 'now').mockImplementation(() => nowMs);
});
afterEach(() => {
  jest.restoreAllMocks();
});

const place = (batchId: string) => ({ tenantId: 'tenant', batchId });

/** A world of batches that all have stalled, by what Temporal has under their ids; `stalled` may be changed between passes. */
const passes = (found: Record<string, FoundRun | Error>) => {
  const did: string[] = [];
  const stalled = new Set(Object.keys(found));
  const workflows: BatchWorkflows = {
    wake: async ({ batchId }) => void did.push(`wake ${batchId}`),
    tell: async () => undefined,
    running: async () => new Set(),
    look: async (batchId) => {
      const run = found[batchId];
      if (!run || run instanceof Error) throw run ?? new Error(batchId);
      return run;
    },
    end: async (batchId, runId) => void did.push(`end ${batchId} ${runId}`),
  };
  const parts: ReconcilerParts = {
    store: {
      toDrive: async () => Object.keys(found).map(place),
      waking: async (places) => [...places],
      stalled: async () => [...stalled].map(place),
    },
    workflows,
    redriven: async ({ batchId }, reason) => void did.push(`told ${batchId} ${reason}`),
    log: pino({ enabled: false }),
  };
  const reconcile = reconciler(parts);
  const pass = async () => {
    did.length = 0;
    await reconcile();
    nowMs += TURN_MS;
    return [...did];
  };
  return { pass, stalled };
};

test('a foreign workflow is ended at once and a lost run begun, also when another batch can not be helped now', async () => {
  const { pass } = passes({
    away: new Error('Temporal does not answer'),
    a: { kind: 'foreign', runId: '1' },
    c: { kind: 'absent' },
  });
  expect(await pass()).toEqual(['end a 1', 'wake a', 'told a foreign', 'wake c', 'told c lost']);
});

test('a quiet run is asked first, and ended when it has not answered by the next pass', async () => {
  const { pass } = passes({ a: { kind: 'quiet', runId: '1' } });
  expect(await pass()).toEqual(['wake a']);
  expect(await pass()).toEqual(['end a 1', 'wake a', 'told a silent']);
});

test('a run that answered, or that is another one by now, is asked anew', async () => {
  const run = { kind: 'quiet' as const, runId: '1' };
  const { pass, stalled } = passes({ a: run });
  await pass();
  stalled.delete('a');
  await pass();
  stalled.add('a');
  expect(await pass()).toEqual(['wake a']);
  run.runId = '2';
  expect(await pass()).toEqual(['wake a']);
});

test('a run whose activity runs, or waits in line for a worker, is left alone', async () => {
  const { pass } = passes({ a: { kind: 'at_work', runId: '1' } });
  expect([await pass(), await pass(), await pass()]).toEqual([[], [], []]);
});
