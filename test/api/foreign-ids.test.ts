import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { RouteId } from '../../contracts/routes.js';
import { type IdKind, toWireId } from '../../domain/ids.js';
import { systemEntropy } from '../../vault/entropy.js';
import { type ApiWorld, openApiWorld } from '../world/api.js';
import { doubtIn } from './doubt-in.js';
import { GUARDED, sampleRequest } from './sample-requests.js';

let world: ApiWorld;
let token: string;
/** Things that really exist in the foreign workspace, by the name of the parameter that would address them. */
let foreign: Record<string, string>;

beforeAll(async () => {
  world = await openApiWorld();
  token = (await world.member('admin')).token;
  const theirs = await world.workspace();
  const stranger = await world.member('admin', theirs.tenantId);
  const [, create] = GUARDED.find(([id]) => id === 'create_payout_batch') ?? [];
  if (!create) throw new Error('the table has no create_payout_batch');
  const { path, ...request } = sampleRequest('create_payout_batch', create);
  const batch = await world.call(path, { ...request, token: stranger.token });
  const payees = await world.call('/v1/payees', { token: stranger.token });
  const events = await world.call('/v1/audit/events', { token: stranger.token });
  const first = (list: Record<string, unknown>): string => (list['data'] as { id: string }[])[0]?.id ?? '';
  foreign = {
    batch_id: String(batch.json['id']),
    payee_id: first(payees.json),
    key_id: (await world.apiKey(stranger.person, ['batches.read'], theirs.tenantId)).id,
    account_id: toWireId('account', theirs.funding),
    connection_id: toWireId('connection', theirs.connectionId),
    event_id: first(events.json),
    ...(await doubtIn(world, theirs)),
    person_id: toWireId('person', stranger.person.id),
    session_id: String((await world.call('/v1/sessions/current', { token: stranger.token })).json['id']),
    factor_id: toWireId('factor', stranger.person.factorId),
    role: await roleOf(stranger.token),
    invitation_id: await invitationOf(stranger.token),
  };
  // Its own workspace sees each of them, so "absent" is not true by accident.
  expect((await world.call(`/v1/payout-batches/${foreign['batch_id']}`, { token: stranger.token })).status).toBe(200);
  expect((await world.call(`/v1/payees/${foreign['payee_id']}`, { token: stranger.token })).status).toBe(200);
});
afterAll(() => world.close());

/** The name of a role that this person's workspace defines. */
const roleOf = async (who: string): Promise<string> => {
  const [id, shape] = GUARDED.find(([route]) => route === 'define_role') ?? [];
  if (!id || !shape) throw new Error('the table has no define_role');
  const { path, ...request } = sampleRequest(id, shape);
  return String((await world.call(path, { ...request, token: who })).json['name']);
};

/** The id of an invitation of this person's workspace. */
const invitationOf = async (who: string): Promise<string> => {
  const [id, shape] = GUARDED.find(([route]) => route === 'create_invitation') ?? [];
  if (!id || !shape) throw new Error('the table has no create_invitation');
  const { path, ...request } = sampleRequest(id, shape);
  return String((await world.call(path, { ...request, token: who })).json['id']);
};

const KIND: Record<string, IdKind> = {
  batch_id: 'batch',
  payee_id: 'payee',
  key_id: 'apiKey',
  signing_key_id: 'signingKey',
  account_id: 'account',
  connection_id: 'connection',
  event_id: 'event',
  exception_id: 'exception',
  proposal_id: 'proposal',
  parked_evidence_id: 'parkedEvidence',
  delivery_id: 'delivery',
  person_id: 'person',
  session_id: 'session',
  factor_id: 'factor',
  invitation_id: 'invitation',
};
const absent = (name: string): string => (name === 'role' ? 'nobody-has-it' : toWireId(KIND[name] ?? 'batch', systemEntropy.newId()));

/** An answer without what always differs: the id of the request, what is left of its limit, and the id that was asked for where the answer repeats it. */
const comparable = ({ status, headers, text }: Awaited<ReturnType<ApiWorld['call']>>, asked: string) => ({
  status,
  text: text.replaceAll(headers.get('request-id') ?? '', 'REQUEST').replaceAll(asked, 'ASKED'),
  headers: [...headers].filter(([name]) => !['request-id', 'date', 'ratelimit'].includes(name)),
});

const byPath = GUARDED.filter(([, shape]) => shape.params);

test.each(byPath)('%s: a foreign id and an absent id get the same answer, byte for byte [S1-08] [S3-03]', async (id, shape) => {
  const name = Object.keys(shape.params?.shape ?? {})[0] ?? '';
  const ask = async (value: string) => {
    const { path, ...request } = sampleRequest(id, shape, { [name]: value });
    return comparable(await world.call(path, { ...request, token }), value);
  };
  const [theirs, nowhere] = [await ask(foreign[name] ?? ''), await ask(absent(name))];
  expect(foreign[name]).toBeTruthy();
  expect(theirs).toEqual(nowhere);
  expect(theirs.status).toBe(404);
});

const BY_QUERY: [RouteId, string, string][] = [
  ['list_transfers', '/v1/transfers', 'account_id'],
  ['list_transfers', '/v1/transfers', 'batch_id'],
  ['prove_inclusion', '/v1/audit/inclusion', 'event_id'],
];

test.each(BY_QUERY)('%s (%s): a foreign %s in the query is an absent one [S1-08] [S3-03]', async (_id, path, name) => {
  const ask = async (value: string) => comparable(await world.call(`${path}?${name}=${value}`, { token }), value);
  expect(await ask(foreign[name] ?? '')).toEqual(await ask(absent(name)));
});

test.each(['funding_account', 'connection'])('a batch that names a foreign %s is refused like one that names none [S3-03]', async (member) => {
  const name = member === 'connection' ? 'connection_id' : 'account_id';
  const [, shape] = GUARDED.find(([id]) => id === 'create_payout_batch') ?? [];
  if (!shape) throw new Error('the table has no create_payout_batch');
  const ask = async (value: string) => {
    const { path, body, ...request } = sampleRequest('create_payout_batch', shape);
    return comparable(await world.call(path, { ...request, token, body: { ...(body as object), [member]: value } }), value);
  };
  const theirs = await ask(foreign[name] ?? '');
  expect(theirs).toEqual(await ask(absent(name)));
  expect(theirs.status).toBeGreaterThanOrEqual(400);
});
