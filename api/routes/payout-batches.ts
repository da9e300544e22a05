import { toWireEvent } from '../../operations/audit/wire.js';
import { receiveCsv } from '../../operations/intake/receive-csv.js';
import { cancelPayoutBatch } from '../../operations/payout-batch/cancel.js';
import { createPayoutBatch } from '../../operations/payout-batch/create.js';
import { editPayoutBatch } from '../../operations/payout-batch/edit.js';
import { listPayoutBatches } from '../../operations/payout-batch/list.js';
import { listPayoutItems } from '../../operations/payout-batch/list-items.js';
import { pausePayoutBatch } from '../../operations/payout-batch/pause.js';
import { rejectPayoutBatch } from '../../operations/payout-batch/reject.js';
import { resumePayoutBatch } from '../../operations/payout-batch/resume.js';
import { showPayoutBatch } from '../../operations/payout-batch/show.js';
import { submitPayoutBatch } from '../../operations/payout-batch/submit.js';
import { showProof } from '../../operations/proof/show.js';
import { batchEvents, type EventDeps } from '../events/batch-events.js';
import type { Handlers } from '../handlers.js';

type PayoutBatches = Pick<
  Handlers,
  Extract<
    keyof Handlers,
    `${string}_payout_batch` | `${string}_payout_batches` | 'list_payout_items' | 'show_evidence' | 'stream_payout_batch_events'
  >
>;

export const payoutBatches = (deps: EventDeps): Omit<PayoutBatches, 'approve_payout_batch' | 'authorize_payout_batch' | 'execute_payout_batch'> => ({
  create_payout_batch: { json: createPayoutBatch, csv: receiveCsv },
  list_payout_batches: listPayoutBatches,
  show_payout_batch: showPayoutBatch,
  edit_payout_batch: editPayoutBatch,
  list_payout_items: listPayoutItems,
  stream_payout_batch_events: batchEvents(deps, { show: showPayoutBatch, toWire: toWireEvent }),
  show_evidence: showProof,
  submit_payout_batch: submitPayoutBatch,
  reject_payout_batch: rejectPayoutBatch,
  cancel_payout_batch: cancelPayoutBatch,
  pause_payout_batch: pausePayoutBatch,
  resume_payout_batch: resumePayoutBatch,
});
