/** Names and shapes of the messages between relay, workflow and people. They are wire format, so they never change. */

export const PAYOUT_BATCH_WORKFLOW = 'payoutBatch';

/** Workflow tasks and light activities; chunk activities have a queue of their own, for fairness between tenants. */
export const BATCH_QUEUE = 'sluice-batches';
export const CHUNK_QUEUE = 'sluice-chunks';

/** The workflow id is the wire id of the batch: nobody can guess it, and it holds nothing about people. */
export const workflowIdOf = (wireBatchId: string): string => wireBatchId;

/** A gate was opened and committed. Its id grants nothing and is for people to read: the run loads the batch and goes on from there. */
export const GATE_OPENED = 'gateOpened';
export interface GateOpened extends BatchChanged {
  gateId: string;
}

/** Something about the batch changed (edit, pause, resume, cancel, evidence, terminal): load it again. */
export const BATCH_CHANGED = 'batchChanged';
export interface BatchChanged {
  /** The request that changed it, when it is known; for logs and the Web UI. */
  requestId?: string;
}

/** The argument of a run. It grants nothing: activities load what they need by (tenant, batch). */
export interface PayoutBatchInput {
  tenantId: string;
  batchId: string;
}

export const SEARCH_ATTRIBUTES = { tenant: 'SluiceTenant', state: 'SluiceState', rail: 'SluiceRail' } as const;
