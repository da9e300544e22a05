import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import { fromWireId } from '../../../domain/ids.js';
import { readKeyFile } from '../../../vault/key-file.js';
import { openPayloadCodec } from '../../../vault/payload-codec.js';
import { dataConverterWith } from '../../../worker/data-converter.js';
import { BATCH_QUEUE, PAYOUT_BATCH_WORKFLOW, workflowIdOf } from '../../../workflows/messages.js';
import { until } from '../../harness/until.js';
import type { World } from './world.js';

/** What somebody with access to Temporal can do to runs. */
export interface Runs {
  of(batchId: string): WorkflowHandle;
  /** Starts a run for a batch under the given id. */
  start(batchId: string, workflowId: string): Promise<WorkflowHandle>;
  /** Takes a run back to its first workflow task: a new run with the same id. */
  reset(batchId: string): Promise<void>;
  /** Waits until the progress of a run says one of these. */
  does(handle: WorkflowHandle, ...what: string[]): Promise<void>;
  close(): Promise<void>;
}

export const openRuns = async (world: World): Promise<Runs> => {
  const { temporal_address: address, namespace } = world.stack.state();
  const connection = await Connection.connect({ address });
  const codec = openPayloadCodec(readKeyFile(world.keyFile), namespace);
  const client = new Client({ connection, namespace, dataConverter: dataConverterWith(codec) });
  const of = (batchId: string) => client.workflow.getHandle(workflowIdOf(batchId));
  return {
    of,
    start: (batchId, workflowId) =>
      client.workflow.start(PAYOUT_BATCH_WORKFLOW, {
        workflowId,
        taskQueue: BATCH_QUEUE,
        args: [{ tenantId: world.tenantId, batchId: fromWireId('batch', batchId) }],
      }),
    reset: async (batchId) => {
      const { runId } = await of(batchId).describe();
      const { events } = await client.workflow.getHandle(workflowIdOf(batchId), runId).fetchHistory();
      const first = events?.find(({ workflowTaskCompletedEventAttributes }) => workflowTaskCompletedEventAttributes);
      if (!first?.eventId) throw new Error(`run ${runId} has completed no workflow task`);
      await connection.workflowService.resetWorkflowExecution({
        namespace,
        workflowExecution: { workflowId: workflowIdOf(batchId), runId },
        workflowTaskFinishEventId: first.eventId,
        requestId: `reset-${runId}`,
        reason: 'a test',
      });
    },
    does: async (handle, ...what) => {
      await until(`the run to do ${what.join(' or ')}`, async () => {
        const { doing } = await handle.query<{ doing: string }>('progress');
        return what.includes(doing) ? true : undefined;
      });
    },
    close: () => connection.close(),
  };
};
