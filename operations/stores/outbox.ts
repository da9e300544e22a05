/** Messages to the batch's workflow, which commit with the change that they report (R13). */
export interface OutboxStore {
  /** `gate_opened` carries the gate's id; `batch_changed` only wakes. Both start the workflow when none runs. */
  add(message: { batchId: string; message: 'gate_opened'; gateId: string } | { batchId: string; message: 'batch_changed' }): Promise<void>;
  /** Adds a `batch_changed` for each of these batches. */
  wake(batchIds: readonly string[]): Promise<void>;
}
