import type { Logger } from 'pino';
import type { Failpoint } from '../operations/ports.js';
import type { BatchWorkflows, OutboxMessage, RelayStore } from './ports.js';

const CLAIM_MAX = 32;
/** A process that dies while it delivers leaves its messages due again after this. */
const LEASE_MS = 10_000;
const BACK_OFF_MS = [250, 1_000, 2_000, 5_000, 15_000, 30_000] as const;
/** About a week at the longest back-off. The reconciler drives the batch meanwhile and afterwards. */
const ATTEMPTS_MAX = 20_000;

export interface DeliveryParts {
  store: RelayStore;
  workflows: BatchWorkflows;
  failpoint: Failpoint;
  log: Pick<Logger, 'debug' | 'warn' | 'error'>;
}

/** Delivers the messages that are due, each at least once (R13, R14). Returns how many it claimed. */
export const deliverDue = async (parts: DeliveryParts): Promise<number> => {
  const messages = await parts.store.claim(CLAIM_MAX, LEASE_MS);
  if (messages.length === 0) return 0;
  // A message counts only when its batch is driven afterwards: a foreign workflow under the batch's id takes signals too.
  const driven = new Set((await parts.store.waking(messages)).map(({ batchId }) => batchId));
  await Promise.all(messages.map((message) => deliverOne(parts, message, driven.has(message.batchId))));
  return messages.length;
};

const deliverOne = async ({ store, workflows, failpoint, log }: DeliveryParts, message: OutboxMessage, drives: boolean): Promise<void> => {
  const about = { request_id: message.requestId, batch_id: message.batchId, message: message.message, attempts: message.attempts };
  try {
    if (message.gateId) await failpoint('between_gate_commit_and_signal');
    // A batch that has ended needs no new run just to find that out. A run that still exists is signalled.
    if (drives) await workflows.wake(message, message);
    else await workflows.tell(message.batchId, message);
    await store.delivered(message.tenantId, message.id);
    log.debug(about, 'a message was delivered');
  } catch (error) {
    const problem = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    const fate = message.attempts >= ATTEMPTS_MAX ? 'dead' : 'again';
    const againMs = BACK_OFF_MS[Math.min(message.attempts, BACK_OFF_MS.length) - 1] ?? BACK_OFF_MS[0];
    log[fate === 'dead' ? 'error' : 'warn']({ ...about, err: error }, 'a message was not delivered');
    await store.undelivered(message.tenantId, message.id, problem.slice(0, 500), againMs, fate);
  }
};
