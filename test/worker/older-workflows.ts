import { sleep } from '@temporalio/workflow';
import type { PayoutBatchInput } from '../../workflows/messages.js';
import { payoutBatch as present } from '../../workflows/payout-batch.js';

/** An older release, which waited a moment before it loaded the batch. Its runs do not replay on the workflows of today. */
export async function payoutBatch(input: PayoutBatchInput): ReturnType<typeof present> {
  await sleep(1);
  return present(input);
}
