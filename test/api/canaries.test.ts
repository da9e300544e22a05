import { randomBytes, randomInt } from 'node:crypto';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { canonicalBytes } from '../../domain/hashing.js';
import { toWireId } from '../../domain/ids.js';
import { credentialsPlace } from '../../operations/rail-connection/open.js';
import { systemEntropy } from '../../vault/entropy.js';
import { type Answer, type ApiWorld, type Call, openApiWorld } from '../world/api.js';
import { iban } from '../world/payees.js';
import { signRequest } from '../world/signing.js';

/**
 * A secret that nothing else contains is planted in every input that may hold one. After requests that succeed and requests that fail, all
 * that was written is searched for each of them: the log, the answers, the audit log as it is exported, and every row of the database.
 */

type Place = 'log' | 'answer' | 'audit' | 'database';

/** Where what was planted may be found, and why. Each must be found there, or the line is not needed any more. */
const SHOWN: Readonly<Record<string, { in: Place; why: string }>> = {
  'the token of a session': { in: 'answer', why: 'the answer that opens a session shows it, once' },
  'the secret of an API key': { in: 'answer', why: 'the answer that makes a key shows it, once' },
  'the secret of a rotated API key': { in: 'answer', why: 'the answer that rotates a key shows it, once' },
  'the secret of a signing key': { in: 'answer', why: 'the answer that makes a signing key shows it, once' },
  'the nonce of a signature that verified': {
    in: 'database',
    why: 'it is kept so that it is not used again, and is worth nothing without a signature',
  },
  'an Idempotency-Key': { in: 'database', why: 'a repeat is found by it; it opens nothing' },
  'a segment of a path': { in: 'log', why: 'paths are logged, for ids stand in them and no route takes a secret there' },
  'the name of a member': { in: 'answer', why: 'what a caller typed for a name is told to that caller, up to 64 characters of it' },
};

interface Canary {
  what: string;
  isIn: (text: string) => boolean;
}
const canaries: Canary[] = [];

/** A text as it may be written: as it is, in a URL, and in bytes. Within a longer base64 it begins at any of three places. */
const formsOf = (secret: string): string[] => {
  const bytes = Buffer.from(secret);
  const within = [0, 1, 2].flatMap((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes])
      .toString('base64')
      .slice(4, -4);
    return [text, text.replaceAll('+', '-').replaceAll('/', '_')];
  });
  return [secret, encodeURIComponent(secret), bytes.toString('hex'), ...within];
};

const plant = (what: string, secret: string = randomBytes(16).toString('hex')): string => {
  const forms = formsOf(secret);
  canaries.push({ what, isIn: (text) => forms.some((form) => text.includes(form)) });
  return secret;
};

/** Six digits stand in any time with microseconds, so a code is looked for as a word. */
const plantCode = (what: string, code: string): string => {
  const word = new RegExp(`(?<![\\w.:+-])${code}(?![\\w.:+-])`);
  canaries.push({ what, isIn: (text) => word.test(text) });
  return code;
};

const digits = (count: number): string => Array.from({ length: count }, () => randomInt(10)).join('');
const newIban = (what: string): string => plant(what, iban(randomInt(1_000_000_000, 9_999_999_999)));

let world: ApiWorld;
const answers: Answer[] = [];
const statuses: Record<string, number> = {};
/** What must be found, so that the search is known to see something. */
const marker = randomBytes(16).toString('hex');
let texts: Record<Place, string>;

const send = async (what: string, path: string, call: Call = {}): Promise<Answer> => {
  const keyed = call.method === 'POST' ? { 'idempotency-key': systemEntropy.newId() } : {};
  const answer = await world.call(path, { ...call, headers: { ...keyed, ...call.headers } });
  answers.push(answer);
  statuses[what] = answer.status;
  return answer;
};
const post = (what: string, path: string, body: unknown, call: Call = {}) => send(what, path, { ...call, method: 'POST', body });

beforeAll(async () => {
  world = await openApiWorld();
  await peopleProve();
  await callersShowCredentials();
  await machinesSign();
  await moneyIsAddressed();
  await providersReport();
  await world.deliverPersonEvents();
  const { token } = await world.member('admin');
  const audit = await world.call('/v1/audit/export', { token });
  texts = {
    log: world.logged.join('\n'),
    answer: answers.map(({ headers, text }) => `${JSON.stringify([...headers])}\n${text}`).join('\n'),
    audit: audit.text,
    database: await world.everyRow(world.home.tenantId),
  };
}, 120_000);
afterAll(() => world?.close());

const peopleProve = async (): Promise<void> => {
  const person = await world.person('approver');
  plant('the secret of an authenticator', person.secret);
  const known = { email: person.email, password: plant('a right password', person.password) };
  const wrong = { ...known, password: plant('a wrong password'), code: '000000' };
  const unknown = { ...wrong, email: plant('the e-mail of nobody', `${randomBytes(12).toString('hex')}@example.com`) };
  await post('wrong password', '/v1/sessions', wrong);
  await post('unknown e-mail', '/v1/sessions', unknown);
  await post('code of another form', '/v1/sessions', { ...known, code: plant('a code that is none') });
  const code = plantCode('the code of a sign-in', await world.code(person));
  const session = await post('sign-in', '/v1/sessions', { ...known, code });
  plant('the token of a session', String(session.json['token']));

  const broken = jest.spyOn(world.services.credentials, 'checkPassword').mockRejectedValueOnce(new Error('it broke'));
  await post('sign-in that breaks', '/v1/sessions', { ...known, password: plant('a password when something breaks'), code: '000000' });
  broken.mockRestore();

  const { person: member, token } = await world.member('auditor');
  const change = (new_password: string, newCode: string) => ({ password: member.password, new_password, code: newCode });
  const refused = plant('a new password that is refused', randomBytes(5).toString('hex'));
  await post('refused password', '/v1/session/password', change(refused, await world.code(member)), { token });
  const mine = plantCode('the code for a new password', await world.code(member, 1));
  await post('new password', '/v1/session/password', change(plant('a new password', `${randomBytes(16).toString('hex')} kettles`), mine), { token });
};

const callersShowCredentials = async (): Promise<void> => {
  const { token } = await world.member('admin');
  const unknown = plant('a token that nobody has', world.credentials.newToken('api_key', 'live').token);
  const basic = Buffer.from(`me:${plant('a password of Basic')}`).toString('base64');
  for (const [what, headers] of Object.entries({
    'unknown token': { authorization: `Bearer ${unknown}` },
    'malformed bearer': { authorization: `Bearer ${plant('a bearer that is none')}` },
    Basic: { authorization: `Basic ${basic}` },
    'X-Api-Key': { 'x-api-key': plant('an X-Api-Key that is none') },
    cookie: { cookie: `__Host-sluice=${plant('a cookie that is none')}; other=${plant('a cookie of others')}` },
    'two credentials': { authorization: `Bearer ${plant('one of two credentials')}`, 'x-api-key': plant('the other of two credentials') },
    'other header': { authorization: `Bearer ${token}`, 'x-auth-token': plant('a token in another header') },
  } as Record<string, Record<string, string>>))
    await send(what, '/v1/payees', { headers });
  await send('unknown parameter', `/v1/payees?access_token=${plant('a token in a query')}`, { token });
  await send('known parameter', `/v1/payees?reference=${plant('a value in a query')}`, { token });
  await send('path', `/v1/payees/${plant('a segment of a path')}`, { token });
  await post('unknown member', '/v1/payees', { [plant('the name of a member')]: plant('the value of a member that is not known') }, { token });
  await post('malformed JSON', '/v1/payees', `{"iban":"${plant('a body that is no JSON')}"`, {
    token,
    headers: { 'content-type': 'application/json' },
  });
  await post('other type', '/v1/payees', plant('a body of another type'), { token, headers: { 'content-type': 'text/plain' } });
};

const machinesSign = async (): Promise<void> => {
  const { token, person } = await world.member('admin');
  const code = () => world.freshCode(person);
  const made = await post('API key', '/v1/api-keys', { name: 'a key', scopes: ['payees.write'], code: await code() }, { token });
  const rotation = { grace_seconds: 60, code: await code() };
  const rotated = await post('rotated API key', `/v1/api-keys/${String(made.json['id'])}/rotate`, rotation, { token });
  plant('the secret of an API key', String(made.json['secret']));
  const key = plant('the secret of a rotated API key', String(rotated.json['secret']));
  const path = `/v1/api-keys/${String(rotated.json['id'])}/signing-keys`;
  const signing = await post('signing key', path, { algorithm: 'hmac-sha256', code: await code() }, { token });
  const secret = Buffer.from(plant('the secret of a signing key', String(signing.json['secret'])), 'base64');
  const hex = secret.toString('hex');
  canaries.push({ what: 'the bytes of a signing secret in hex', isIn: (text) => text.includes(hex) });

  const body = JSON.stringify({ reference: marker, name: 'Ada', country: 'DE', account_token: `acct_ok_${plant('the token of an account')}` });
  const plain = {
    ...{ method: 'POST', url: `${world.url}/v1/payees`, body },
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', 'idempotency-key': plant('an Idempotency-Key') },
  };
  const signer = { keyId: String(signing.json['id']), algorithm: 'hmac-sha256' as const, secret };
  const signed = signRequest(signer, plain, { nonce: plant('the nonce of a signature that verified') });
  await send('signed call', '/v1/payees', { method: 'POST', body, headers: signed.headers });
  const forged = Buffer.from(plant('a signature that does not verify')).toString('base64');
  const again = signRequest(signer, plain, { nonce: plant('the nonce of a signature that did not') });
  await send('forged call', '/v1/payees', { method: 'POST', body, headers: { ...again.headers, signature: `sig1=:${forged}:` } });
};

const moneyIsAddressed = async (): Promise<void> => {
  const { token } = await world.member('admin');
  const payee = (more: object) => ({ reference: systemEntropy.newId(), name: 'Ada Example', country: 'DE', ...more });
  const us = { country: 'US', routing_number: '021000021', account_number: plant('an account number', digits(14)) };
  await post('payee by IBAN', '/v1/payees', payee({ iban: newIban('an IBAN') }), { token });
  await post('payee by account', '/v1/payees', payee(us), { token });
  await post('payee by a wrong IBAN', '/v1/payees', payee({ iban: plant('an IBAN whose checksum is wrong', `DE00${digits(18)}`) }), { token });
  await post('payee by a wrong token', '/v1/payees', payee({ account_token: `!${plant('a token of an account that is none')}` }), { token });

  const item = { payee: payee({ iban: newIban('an IBAN in a batch') }), amount: 1_00, reference: 'June' };
  const batch = await post('batch', '/v1/payout-batches', { currency: 'EUR', rail: 'sandbox', items: [item] }, { token });
  const bad = { ...item, payee: payee({ iban: plant('a wrong IBAN in a batch', `DE00${digits(18)}`) }) };
  await post('refused batch', '/v1/payout-batches', { currency: 'EUR', rail: 'sandbox', items: [bad] }, { token });
  const upload = (what: string, cell: string) =>
    post(
      what,
      '/v1/payout-batches?currency=EUR&rail=sandbox',
      `payee_reference,payee_name,country,iban,amount,reference\np-1,Ada,DE,${cell},12.50,May\n`,
      {
        token,
        headers: { 'content-type': 'text/csv' },
      },
    );
  await upload('file', newIban('an IBAN in a file'));
  await upload('refused file', plant('a wrong IBAN in a file', `DE00${digits(18)}`));

  const { person: approver, token: theirs } = await world.member('approver');
  const path = `/v1/payout-batches/${String(batch.json['id'])}`;
  const challenge = await post('challenge', `${path}/challenges`, { gate: 'approve' }, { token: theirs });
  const open = (what: string, code: string) => post(what, `${path}/approve`, { challenge_id: challenge.json['id'], code }, { token: theirs });
  await open('gate with another form', plant('a code for a gate that is none'));
  await open('gate', plantCode('the code of a gate', await world.code(approver)));
};

const providersReport = async (): Promise<void> => {
  const { tenantId, connectionId } = world.home;
  const webhookSecret = `whsec_${Buffer.from(plant('the secret of a webhook')).toString('base64')}`;
  const plain = canonicalBytes({ api_key: plant('the key of a provider'), webhook_secret: webhookSecret });
  const setup = world.as({ type: 'system', process: 'setup' });
  const sealed = await setup.inTenant((stores) => world.services.vault.seal(stores.keys, credentialsPlace(tenantId, connectionId), plain));
  await world.sql('UPDATE rail_connection SET sealed = $1 WHERE id = $2', [Buffer.from(sealed), connectionId]);
  const path = `/v1/inbound/sandbox/${toWireId('connection', connectionId)}?token=${plant('a token in the address of a webhook')}`;
  const headers = {
    ...{ 'content-type': 'application/json', 'webhook-id': 'evt_1', 'webhook-timestamp': String(Math.floor(Date.now() / 1_000)) },
    'webhook-signature': `v1,${Buffer.from(plant('a signature of a webhook')).toString('base64')}`,
  };
  await post('forged webhook', path, { iban: plant('the body of a webhook that is refused') }, { headers });
};

test('the requests did what they are here for: some succeeded, some failed', () => {
  expect(statuses).toEqual({
    ...{ 'wrong password': 401, 'unknown e-mail': 401, 'code of another form': 422, 'sign-in': 201, 'sign-in that breaks': 500 },
    ...{ 'refused password': 422, 'new password': 200 },
    ...{ 'unknown token': 401, 'malformed bearer': 401, Basic: 401, 'X-Api-Key': 401, cookie: 401, 'two credentials': 400, 'other header': 200 },
    ...{ 'unknown parameter': 422, 'known parameter': 200, path: 422, 'unknown member': 422, 'malformed JSON': 400, 'other type': 415 },
    ...{ 'API key': 201, 'rotated API key': 201, 'signing key': 201, 'signed call': 201, 'forged call': 401 },
    ...{ 'payee by IBAN': 201, 'payee by account': 201, 'payee by a wrong IBAN': 422, 'payee by a wrong token': 422 },
    ...{ batch: 202, 'refused batch': 422, file: 202, 'refused file': 422 },
    ...{ challenge: 201, 'gate with another form': 422, gate: 200, 'forged webhook': 401 },
  });
});

test('the search sees what is there', () => {
  expect(texts.database).toContain(marker);
  expect(texts.answer).toContain(marker);
  expect(texts.log).toContain('"route":"create_payout_batch"');
  expect(texts.audit.split('\n').length).toBeGreaterThan(10);
  for (const secret of ['a secret of some length', randomBytes(16).toString('hex')])
    for (const text of [
      secret,
      Buffer.from(secret).toString('hex'),
      Buffer.from(`{"x":"${secret}"}`).toString('base64'),
      `?a=${encodeURIComponent(secret)}`,
    ])
      expect([text, formsOf(secret).some((form) => text.includes(form))]).toEqual([text, true]);
});

test('no secret stands in clear in the log, in an answer, in the audit log or in the database, but for those that are meant to [S3-23] [S4-18]', () => {
  const found = canaries.flatMap(({ what, isIn }) =>
    (Object.keys(texts) as Place[]).filter((place) => isIn(texts[place])).map((place) => `${what}: ${place}`),
  );
  expect(found.sort()).toEqual(
    Object.entries(SHOWN)
      .map(([what, shown]) => `${what}: ${shown.in}`)
      .sort(),
  );
  expect(canaries.length).toBeGreaterThan(40);
});
