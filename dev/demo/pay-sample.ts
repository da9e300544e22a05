import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from '../../client/client.js';
import { uploadCsv } from '../../client/stream.js';
import type { ResponseOf } from '../../client/types.js';
import { formatMoney } from '../../domain/money.js';
import type { StackState } from '../data-folder/state.js';
import { sampleCsv } from '../sample/payouts.js';
import { type SignedInPerson, signInAs } from './person.js';
import type { Progress } from './progress.js';

type Batch = ResponseOf<'show_payout_batch'>;

/** Who opens which gate, and in which state the batch waits for it. */
const GATES = [
  { gate: 'approve', role: 'approver', waits: 'queued' },
  { gate: 'authorize', role: 'authorizer', waits: 'approved' },
  { gate: 'execute', role: 'executor', waits: 'authorized' },
] as const;

const CURRENCY = 'EUR';
const POLL_MS = 200;
const OVER = ['completed', 'failed', 'rejected', 'cancelled', 'expired'];
/** After this long without progress, something is broken. */
const PATIENCE_MS = 120_000;

/**
 * Pays the sample, which may have been paid before, over the public API as people would: the preparer uploads the CSV, and three others each ask for a challenge and
 * answer it with a code. Returns the finished batch. Throws when the API refuses, or after two minutes without progress.
 */
export const paySample = async (stack: StackState, items: number, progress: Progress): Promise<Batch> => {
  const csv = sampleCsv(items);
  const integration = createClient({ baseUrl: stack.api_url, token: stack.api_key });
  const signIn = (role: string): Promise<SignedInPerson> =>
    signInAs(stack, role, (seconds) => progress.line(`${role.padEnd(18)} has used this code; the next is ${seconds} s away`));
  const preparer = await signIn('preparer');
  const made = await uploadCsv(
    preparer.client.transport,
    { currency: CURRENCY, rail: 'sandbox', external_id: `demo-${Date.now()}`, allow_duplicates: 'true', description: 'Creator payouts (sample)' },
    () => new Blob([csv]).stream(),
  );
  if (made.object !== 'payout_batch') throw new Error('the upload was only validated');
  await integration.top_up({ account_id: stack.funding_account_id, amount: made.total });
  progress.line(`${'preparer'.padEnd(18)} uploaded ${made.item_count} payouts, ${formatMoney(BigInt(made.total), CURRENCY)} (${made.id})`);

  for (const { gate, role, waits } of GATES) {
    const person = await signIn(role);
    await until(person, made.id, progress, (batch) => batch.state === waits);
    const challenge = await person.client.ask_challenge({ batch_id: made.id, gate });
    const open = {
      approve: person.client.approve_payout_batch,
      authorize: person.client.authorize_payout_batch,
      execute: person.client.execute_payout_batch,
    }[gate];
    await person.withCode((code) => open({ batch_id: made.id, challenge_id: challenge.id, code }));
    progress.line(`${role.padEnd(18)} opened the gate \`${gate}\` on ${challenge.digest.slice(0, 12)}…`);
  }
  return until(preparer, made.id, progress, (batch) => OVER.includes(batch.state));
};

const until = async (person: SignedInPerson, batchId: string, progress: Progress, done: (batch: Batch) => boolean): Promise<Batch> => {
  let seen = '';
  for (let deadline = Date.now() + PATIENCE_MS; Date.now() < deadline; ) {
    const batch = await person.client.show_payout_batch({ batch_id: batchId });
    progress.batch(batch);
    if (done(batch)) return batch;
    if (OVER.includes(batch.state)) throw new Error(`the batch is ${batch.state}: ${batch.reason ?? 'no reason given'}`);
    const now = JSON.stringify([batch.state, batch.counts]);
    if (now !== seen) deadline = Date.now() + PATIENCE_MS;
    seen = now;
    await sleep(POLL_MS);
  }
  throw new Error(`the batch ${batchId} has made no progress for ${PATIENCE_MS / 1_000} s; read the worker's log`);
};
