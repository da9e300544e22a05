import { createHash } from 'node:crypto';
import type { Client } from '../client/client.js';
import { ProblemError } from '../client/problem-error.js';
import type { CallOptions, ResponseOf } from '../client/types.js';
import { isTerminalBatch } from '../domain/batch/states.js';
import { canonicalBytes, type Json } from '../domain/hashing.js';
import { EXIT, Failure } from './failure.js';
import type { Batch } from './render/batch.js';

type Created = ResponseOf<'create_payout_batch'>;

/** So many refused or ended tries of one file are passed over. */
const SPENT_MAX = 50;

/**
 * Creates a batch under a key that follows from what is sent, so that the same file with the same options makes no second batch (docs/adr/0060).
 * A try that was refused, or whose batch has ended with nothing paid, is passed over: then the next key of the series is tried. A repeat of
 * any other answers its batch as it stands now.
 */
export const createOnce = async (
  client: Client,
  request: Json,
  send: (options: Pick<CallOptions, 'idempotencyKey' | 'onReplay'>) => Promise<Created>,
): Promise<{ made: Created; isRepeat: boolean }> => {
  for (let spent = 0; spent <= SPENT_MAX; spent++) {
    let isReplay = false;
    const onReplay = () => {
      isReplay = true;
    };
    const made = await send({ idempotencyKey: keyOf(request, spent), onReplay }).catch((error: unknown) => {
      if (!(error instanceof ProblemError) || !isReplay) throw error;
      return null;
    });
    if (made === null) continue;
    if (!isReplay || made.object !== 'payout_batch') return { made, isRepeat: false };
    // Outside of what is passed over: a batch that cannot be read may be paid.
    const now = await client.show_payout_batch({ batch_id: made.id });
    if (!hasEndedUnpaid(now)) return { made: now, isRepeat: true };
  }
  throw new Failure(
    EXIT.failed,
    `This file was tried ${SPENT_MAX + 1} times with these options, and each try was refused or ended with nothing paid, so it is sent no more by itself.`,
    'the same command with --idempotency-key and a text of your own',
  );
};

const keyOf = (request: Json, spent: number): string => `cli-${createHash('sha256').update(bytesOf(request)).digest('hex')}-${spent}`;

/** What has no canonical form, such as broken Unicode, is refused by the API under any key. */
const bytesOf = (request: Json): Uint8Array | string => {
  try {
    return canonicalBytes(request);
  } catch {
    return JSON.stringify(request);
  }
};

/** As the API decides which earlier batches a file may repeat. */
const hasEndedUnpaid = ({ state, counts }: Batch): boolean => isTerminalBatch(state) && counts.paid === 0 && counts.returned === 0;
