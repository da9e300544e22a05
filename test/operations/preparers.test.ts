import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createBatchCsv } from '../../contracts/batches.js';
import { ROUTES, type RouteId } from '../../contracts/routes.js';
import { askChallenge } from '../../operations/gate/ask.js';
import { receiveCsv } from '../../operations/intake/receive-csv.js';
import { takeIn } from '../../operations/intake/take-in.js';
import { editPayoutBatch } from '../../operations/payout-batch/edit.js';
import { submitPayoutBatch } from '../../operations/payout-batch/submit.js';
import { create, csvFile, csvRow, type IntakeWorld, openIntakeWorld, spooled, upload } from '../world/intake.js';
import type { Person } from '../world/people.js';
import { codeOf, made, must, uuidOf } from '../world/wire.js';

let world: IntakeWorld;
beforeAll(async () => {
  world = await openIntakeWorld();
}, 120_000);
afterAll(() => world?.close());

let files = 0;
/** Two rows that no other file has. */
const text = () => {
  files += 1;
  return csvFile(csvRow(files * 2), csvRow(files * 2 + 1));
};
const item = (i: number) => ({
  payee: { reference: `p-${i}`, name: `Payee ${i}`, country: 'DE', account_token: `acct_${i}` },
  amount: 5,
  reference: `INV ${i}`,
});
const jsonBatch = async (who: Person, more: object = {}) => uuidOf(made(await create(world.as(who), { items: [item(1), item(2)], ...more })).id);
const later = { respondAsync: true } as const;
const csvQuery = (external_id: string) => createBatchCsv.parse({ currency: 'EUR', rail: 'sandbox', allow_duplicates: 'true', external_id });

/** A file of the first person that broke off before its end, sent once more by the second. `haste`: of the second one. */
const resumedBy = async (second: Person, haste: object, brokeOff: 'in its request' | 'while it was handed over') => {
  const first = await world.person('admin');
  const file = spooled(text());
  const query = csvQuery(`resumed-${files}`);
  let opened = 0;
  const dying = {
    ...file,
    async *open() {
      opened += 1;
      for await (const block of file.open()) {
        if (brokeOff === 'while it was handed over' || opened === 2) throw new Error('the disk is gone');
        yield block;
      }
    },
  };
  await expect(receiveCsv(world.as(first), query, dying, brokeOff === 'in its request' ? {} : later)).rejects.toThrow('the disk is gone');
  await world.sql(
    `UPDATE batch_control SET deadline_at = now() - interval '1 second', row_version = row_version + 1
     WHERE state = 'receiving' AND batch_id = (SELECT id FROM payout_batch WHERE external_id = $1)`,
    [query.external_id],
  );
  const batchId = uuidOf(made(await receiveCsv(world.as(second), query, file, haste)).id);
  return { batchId, others: [first] };
};
const takenIn = async <T extends { batchId: string }>(sent: T) => {
  await takeIn(world.worker(), sent.batchId, new AbortController().signal);
  return sent;
};

interface Prepared {
  batchId: string;
  /** Others whose bytes are in it. */
  others?: Person[];
}

/** The ways of every verb that puts bytes or words of a person into a batch. */
const WRITES: Partial<Record<RouteId, Record<string, (who: Person) => Promise<Prepared>>>> = {
  create_payout_batch: {
    'by JSON': async (who) => ({ batchId: await jsonBatch(who) }),
    'by a file that its request takes in': async (who) => ({ batchId: uuidOf(made(await upload(world.as(who), text())).id) }),
    'by a file that is handed over': async (who) =>
      takenIn({ batchId: uuidOf(made(await receiveCsv(world.as(who), csvQuery(`handed-${files}`), spooled(text()), later)).id) }),
    'by a file that somebody else began in their request': (who) => resumedBy(who, {}, 'in its request'),
    'by a file that somebody else began, handed over': async (who) => takenIn(await resumedBy(who, later, 'in its request')),
    'by a file that somebody else began to hand over': async (who) => takenIn(await resumedBy(who, later, 'while it was handed over')),
  },
  edit_payout_batch: {
    'by excluding': async (who) => {
      const batchId = await jsonBatch(world.preparer);
      must(await editPayoutBatch(world.as(who), { batch_id: batchId, exclude: [{ batchId, ordinal: 0 }] }));
      return { batchId, others: [world.preparer] };
    },
  },
  submit_payout_batch: {
    'by submitting': async (who) => {
      const batchId = await jsonBatch(world.preparer, { draft: true });
      must(await submitPayoutBatch(world.as(who), { batch_id: batchId }));
      return { batchId, others: [world.preparer] };
    },
  },
};

/** Verbs that decide about a batch as it is. */
const DECIDES: RouteId[] = [
  'ask_challenge',
  'approve_payout_batch',
  'authorize_payout_batch',
  'execute_payout_batch',
  'reject_payout_batch',
  'cancel_payout_batch',
  'pause_payout_batch',
  'resume_payout_batch',
];

test('every verb about a batch either writes to it or decides about it', () => {
  const verbs = Object.entries(ROUTES).flatMap(([id, { method, path }]) => (method !== 'GET' && path.startsWith('/v1/payout-batches') ? id : []));
  expect([...Object.keys(WRITES), ...DECIDES].sort()).toEqual(verbs.sort());
});

describe.each(Object.entries(WRITES).flatMap(([route, ways]) => Object.entries(ways).map(([way, act]) => [route, way, act] as const)))(
  '%s, %s',
  (_route, _way, act) => {
    test('makes everybody whose bytes or words are in the batch its preparer, who opens neither approve nor authorize', async () => {
      const who = await world.person('admin');
      const { batchId, others = [] } = await act(who);
      const everybody = [who, ...others];
      const stored = await world.sql<{ person_id: string }>('SELECT DISTINCT person_id FROM batch_preparer WHERE batch_id = $1', [batchId]);
      expect(stored.map(({ person_id }) => person_id).sort()).toEqual(everybody.map(({ id }) => id).sort());
      // Nothing but what was stored bars them: their destinations are old.
      await world.sql(`UPDATE payee_destination SET created_at = now() - interval '25 hours'`);
      for (const gate of ['approve', 'authorize'] as const) {
        for (const person of everybody.map((one) => ({ ...one, role: 'admin' as const })))
          expect(codeOf(await askChallenge(world.as(person), { batch_id: batchId, gate }))).toBe('preparer_cannot_open');
        if (gate === 'approve') await world.openUpTo('approve', batchId);
      }
    });
  },
);
