import { Client, Connection } from '@temporalio/client';
import type { StackState } from '../dev/stack/state.js';
import { until } from '../test/harness/until.js';
import { workflowIdOf } from '../workflows/messages.js';

/** History events of all runs of a batch's workflow, once the last of them has closed. */
export const historyEvents = async ({ temporal_address, namespace }: StackState, batchId: string): Promise<{ events: number; runs: number }> => {
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
