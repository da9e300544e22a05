import { type Client, isGrpcServiceError, WorkflowNotFoundError } from '@temporalio/client';
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
    await client.workflow.getHandle(workflowId(batchId)).signal(BATCH_CHANGED, caused(word)).catch(unlessAbsent);
  },

  // Temporal's own calls, not the SDK's: those open the memo of each workflow, and throw when a foreign one has a memo in clear.
  running: async () => {
    const { namespace } = client.options;
    const found = new Set<string>();
    const query = `WorkflowType = '${PAYOUT_BATCH_WORKFLOW}' AND TaskQueue = '${BATCH_QUEUE}' AND ExecutionStatus = 'Running'`;
    let nextPageToken: Uint8Array = new Uint8Array();
    do {
      const page = await client.workflowService.listWorkflowExecutions({ namespace, query, nextPageToken, pageSize: PAGE });
      for (const { execution } of page.executions) {
        const batchId = fromWireId('batch', execution?.workflowId ?? '');
        if (batchId) found.add(batchId);
      }
      nextPageToken = page.nextPageToken;
    } while (nextPageToken.length > 0);
    return found;
  },

  look: async (batchId) => {
    const execution = { workflowId: workflowId(batchId) };
    const found = await client.workflowService
      .describeWorkflowExecution({ namespace: client.options.namespace, execution })
      .catch((error: unknown) => {
        if (isGrpcServiceError(error) && error.code === NOT_FOUND) return null;
        throw error;
      });
    const runId = found?.workflowExecutionInfo?.execution?.runId;
    return !found || !runId || found.workflowExecutionInfo?.closeTime ? { kind: 'absent' } : { kind: kindOf(found), runId };
  },

  end: async (batchId, runId, why) => {
    await client.workflow.getHandle(workflowId(batchId), runId).terminate(why).catch(unlessAbsent);
  },
});

const unlessAbsent = (error: unknown): void => {
  if (!(error instanceof WorkflowNotFoundError)) throw error;
};

type Description = Awaited<ReturnType<Client['workflowService']['describeWorkflowExecution']>>;

const PAGE = 1_000;
const NOT_FOUND = 5;
/** PendingActivityState of Temporal's API. An activity that has started and sends no heartbeats is soon scheduled again. */
const [SCHEDULED, STARTED] = [1, 2];

const kindOf = ({ workflowExecutionInfo, executionConfig, pendingActivities }: Description) => {
  const queue = executionConfig?.taskQueue?.name;
  if (workflowExecutionInfo?.type?.name !== PAYOUT_BATCH_WORKFLOW || queue !== BATCH_QUEUE) return 'foreign';
  const works = pendingActivities.some(({ state, attempt }) => state === STARTED || (state === SCHEDULED && (attempt ?? 1) <= 1));
  return works ? 'at_work' : 'quiet';
};
