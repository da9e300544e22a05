import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { fromWireId, toWireId } from '../domain/ids.js';
import {
  BATCH_CHANGED,
  BATCH_QUEUE,
  type BatchChanged,
  GATE_OPENED,
  type GateOpened,
  PAYOUT_BATCH_WORKFLOW,
  workflowIdOf,
} from '../workflows/messages.js';
import { RUN_RETRY } from '../workflows/policies.js';
import type { BatchWorkflows, Word } from './ports.js';

const workflowId = (batchId: string): string => workflowIdOf(toWireId('batch', batchId));

const caused = ({ requestId }: Word): BatchChanged => (requestId === null ? {} : { requestId });

/** A batch's workflow over the Temporal client. */
export const batchWorkflows = (client: Client): BatchWorkflows => ({
  wake: async (place, word) => {
    const opened: GateOpened | null = word.gateId === null ? null : { gateId: word.gateId, ...caused(word) };
    await client.workflow.signalWithStart(PAYOUT_BATCH_WORKFLOW, {
      workflowId: workflowId(place.batchId),
      taskQueue: BATCH_QUEUE,
      args: [{ tenantId: place.tenantId, batchId: place.batchId }],
      ...(opened ? { signal: GATE_OPENED, signalArgs: [opened] } : { signal: BATCH_CHANGED, signalArgs: [caused(word)] }),
      // Also after a run that failed: Postgres says whether the batch is to be driven.
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
      workflowIdConflictPolicy: 'USE_EXISTING',
      retry: RUN_RETRY,
      priority: { fairnessKey: place.tenantId },
      staticSummary: 'Payout batch',
      staticDetails: 'Waits for three people, then pays in chunks. Postgres decides; this run only drives.',
    });
  },

  tell: async (batchId, word) => {
    try {
      await client.workflow.getHandle(workflowId(batchId)).signal(BATCH_CHANGED, caused(word));
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) throw error;
    }
  },

  running: async () => {
    const found = new Set<string>();
    const query = `WorkflowType = '${PAYOUT_BATCH_WORKFLOW}' AND ExecutionStatus = 'Running'`;
    for await (const run of client.workflow.list({ query })) {
      const batchId = fromWireId('batch', run.workflowId);
      if (batchId) found.add(batchId);
    }
    return found;
  },
});
