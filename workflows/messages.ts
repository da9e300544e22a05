/** Names and shapes that cross the wire between relay, workflow and people. Wire format: never renamed. */

export const PAYOUT_BATCH_WORKFLOW = 'payoutBatch';

/** Workflow tasks and light activities; chunk activities have a queue of their own, for fairness between tenants. */
export const BATCH_QUEUE = 'sluice-batches';
export const CHUNK_QUEUE = 'sluice-chunks';

/** Workflow id = batch id on the wire: unguessable, says nothing about people. */
export const workflowIdOf = (wireBatchId: string): string => wireBatchId;

/** A gate was committed. The id grants nothing: the workflow loads the gate and goes on only if it is valid. */
export const GATE_OPENED = 'gateOpened';
export interface GateOpened extends BatchChanged {
  gateId: string;
}

/** Something about the batch changed (edit, pause, resume, cancel, evidence, terminal): load it again. */
export const BATCH_CHANGED = 'batchChanged';
export interface BatchChanged {
  /** Of the request that changed it, where it is known: for logs and the Web UI. */
  requestId?: string;
}

/** Argument of a run. It grants nothing either: activities load what they need by (tenant, batch). */
export interface PayoutBatchInput {
  tenantId: string;
  batchId: string;
}

export const SEARCH_ATTRIBUTES = { tenant: 'SluiceTenant', state: 'SluiceState', rail: 'SluiceRail' } as const;
