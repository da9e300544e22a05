import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { RouteId } from '../../contracts/routes.js';
import { toWireId } from '../../domain/ids.js';
import { type ApiWorld, openApiWorld } from '../world/api.js';
import { absentRecord, GUARDED, sampleRequest } from './sample-requests.js';

/** Foreign records that a request names beside its path: those of the path are in test/api/matrix.test.ts. */

let world: ApiWorld;
let token: string;
/** Things that really exist in the foreign workspace. */
let foreign: Record<string, string>;

const CREATE = GUARDED.find(([id]) => id === 'create_payout_batch')?.[1];
if (!CREATE) throw new Error('the table has no create_payout_batch');

beforeAll(async () => {
  world = await openApiWorld();
  token = (await world.member('admin')).token;
  const theirs = await world.workspace();
  const stranger = await world.member('admin', theirs.tenantId);
  const { path, ...request } = sampleRequest('create_payout_batch', CREATE);
  const batch = await world.call(path, { ...request, token: stranger.token });
  foreign = {
    batch_id: String(batch.json['id']),
    account_id: toWireId('account', theirs.funding),
    connection_id: toWireId('connection', theirs.connectionId),
  };
  // Its own workspace sees it, so "absent" is not true by accident.
  expect((await world.call(`/v1/payout-batches/${foreign['batch_id']}`, { token: stranger.token })).status).toBe(200);
});
afterAll(() => world.close());

/** An answer without what always differs: the id of the request, what is left of its limit, and the id that was asked for where the answer repeats it. */
const comparable = ({ status, headers, text }: Awaited<ReturnType<ApiWorld['call']>>, asked: string) => ({
  status,
  text: text.replaceAll(headers.get('request-id') ?? '', 'REQUEST').replaceAll(asked, 'ASKED'),
  headers: [...headers].filter(([name]) => !['request-id', 'date', 'ratelimit'].includes(name)),
});

const BY_QUERY: [RouteId, string, string][] = [
  ['list_transfers', '/v1/transfers', 'account_id'],
  ['list_transfers', '/v1/transfers', 'batch_id'],
];

test.each(BY_QUERY)('%s (%s): a foreign %s in the query is an absent one [S1-08] [S3-03]', async (_id, path, name) => {
  const ask = async (value: string) => comparable(await world.call(`${path}?${name}=${value}`, { token }), value);
  expect(await ask(foreign[name] ?? '')).toEqual(await ask(absentRecord(name)));
});

test.each(['funding_account', 'connection'])('a batch that names a foreign %s is refused like one that names none [S3-03]', async (member) => {
  const name = member === 'connection' ? 'connection_id' : 'account_id';
  const ask = async (value: string) => {
    const { path, body, ...request } = sampleRequest('create_payout_batch', CREATE);
    return comparable(await world.call(path, { ...request, token, body: { ...(body as object), [member]: value } }), value);
  };
  const theirs = await ask(foreign[name] ?? '');
  expect(theirs).toEqual(await ask(absentRecord(name)));
  expect(theirs.status).toBeGreaterThanOrEqual(400);
});
