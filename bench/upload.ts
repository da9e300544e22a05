import { followUpload, uploadCsv } from '../client/stream.js';
import type { People } from '../test/e2e/harness/people.js';

/** Minor units. Every payment has this amount, as in the limit. */
const AMOUNT = 1_000;
const ROWS_A_PART = 1_000;

/** Uploads a CSV of `items` rows as one batch and returns its id. Each row has its own payee; all batches of a run have the same payees. */
export const uploadBatch = async (people: People, fundingAccountId: string, items: number): Promise<string> => {
  await people.preparer.client.top_up({ account_id: fundingAccountId, amount: items * AMOUNT });
  return uploadRows(people, items, { payees: 'bench', references: 'payout', allow_duplicates: 'true' });
};

/** What the payees and the payments of a file are called; files that name the same payees find them known. */
interface Named {
  payees: string;
  references: string;
  allow_duplicates?: 'true';
}

/** Uploads a CSV of `items` rows, each with its own payee, and returns the id of its batch when that is queued. */
export const uploadRows = async (people: People, items: number, { payees, references, ...allowed }: Named): Promise<string> => {
  const created = await uploadCsv(people.preparer.client.transport, { currency: 'EUR', rail: 'sandbox', ...allowed }, () =>
    csv(items, { payees, references }),
  );
  if (created.object !== 'payout_batch') throw new Error('nothing was created');
  const { state } = await followUpload(people.preparer.client.transport, created);
  if (state !== 'queued') throw new Error(`the file was not taken in: the batch is ${state}`);
  return created.id;
};

const csv = (items: number, { payees, references }: Pick<Named, 'payees' | 'references'>): ReadableStream<Uint8Array> => {
  const encoder = new TextEncoder();
  let from = 0;
  return new ReadableStream({
    pull: (controller) => {
      if (from === 0) controller.enqueue(encoder.encode('payee_reference,payee_name,payee_type,country,account_token,amount,reference\n'));
      const to = Math.min(from + ROWS_A_PART, items);
      let part = '';
      for (let i = from; i < to; i++)
        part += `${payees}-${i},Payee ${i},individual,DE,plain_${i.toString(36).padStart(6, '0')}_00,10.00,${references} ${i}\n`;
      controller.enqueue(encoder.encode(part));
      from = to;
      if (from === items) controller.close();
    },
  });
};
