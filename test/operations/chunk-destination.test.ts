import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { intendChunk } from '../../operations/chunk/intend.js';
import { destinationPlace } from '../../operations/payee/sealing.js';
import { openPayingWorld, type PayingWorld, tokens } from '../world/paying.js';

let world: PayingWorld;
beforeAll(async () => {
  world = await openPayingWorld();
}, 120_000);
afterAll(() => world?.close());

/** Changes what the destination of an item opens to, as somebody with the keys could: the new ciphertext is genuine. */
const reseal = async (batchId: string, change: (opened: { salt: string; sent_to: { name: string } }) => object): Promise<void> => {
  const { tenantId } = world.home;
  const { vault } = world.services;
  const [row] = await world.sql<{ id: string; sealed: Buffer; payee_id: string; wrapped: Buffer }>(
    `SELECT d.id, d.sealed, d.payee_id, k.wrapped FROM payout_item i JOIN payee_destination d ON d.id = i.destination_id
     JOIN subject_key k ON k.subject_id = d.payee_id WHERE i.batch_id = $1 AND i.ordinal = 0`,
    [batchId],
  );
  if (!row) throw new Error('the item has no destination');
  const place = destinationPlace(tenantId, row.id);
  const sealed = await world.worker().inTenant(async (stores) => {
    const key = (await vault.subjectKeys(stores.keys, tenantId, new Map([[row.payee_id, row.wrapped]]))).get(row.payee_id);
    if (!key) throw new Error('the key of the payee does not open');
    const opened = JSON.parse(Buffer.from(vault.openWith(key, place, row.sealed)).toString()) as Parameters<typeof change>[0];
    return vault.sealWith(key, place, Buffer.from(JSON.stringify(change(opened))));
  });
  await world.sql('UPDATE payee_destination SET sealed = $1 WHERE id = $2', [Buffer.from(sealed), row.id]);
};

test('a destination that opens, but is not the one that the gates committed to, reaches nobody [S3-07]', async () => {
  const batchId = await world.executing(tokens(2));
  await reseal(batchId, (opened) => ({ ...opened, sent_to: { ...opened.sent_to, name: 'Somebody Else' } }));
  expect(await intendChunk(world.worker(), { batchId, chunk: 0 })).toEqual({ kind: 'mismatch' });
});

test('the same destination sealed anew is still the one that was signed', async () => {
  const batchId = await world.executing(tokens(2, 'again'));
  await reseal(batchId, (opened) => opened);
  expect(await intendChunk(world.worker(), { batchId, chunk: 0 })).toMatchObject({ kind: 'send' });
});
