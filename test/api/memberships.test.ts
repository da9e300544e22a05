import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type ApiWorld, openApiWorld } from '../world/api.js';

/** A member whom SQL has made, or raised, over HTTP. */

let world: ApiWorld;
beforeAll(async () => {
  world = await openApiWorld();
});
afterAll(() => world?.close());

test('a membership that SQL wrote opens nothing, by a session or a key, whatever is asked; each request is counted and logged without a name', async () => {
  const { person, token } = await world.member('preparer');
  const key = await world.apiKey(person, ['batches.read']);
  for (const credential of [token, key.token]) expect((await world.call('/v1/payout-batches', { token: credential })).status).toBe(200);
  expect(world.forgedMemberships).toEqual([]);
  await world.sql(`UPDATE membership SET roles = '{owner}' WHERE person_id = $1`, [person.id]);
  const asked = [
    ['GET', '/v1/payout-batches', token],
    ['GET', '/v1/payout-batches', key.token],
    ['GET', '/v1/people', token],
    ['GET', '/v1/sessions/current', token],
    ['POST', `/v1/people/${world.services.entropy.newId()}/roles`, token],
    ['POST', '/v1/api-keys', token],
    ['POST', '/v1/invitations', token],
  ] as const;
  for (const [method, path, credential] of asked) {
    const answer = await world.call(path, { method, token: credential, ...(method === 'POST' ? { body: {} } : {}) });
    expect([path, answer.status, answer.json['code']]).toEqual([path, 403, 'membership_not_authentic']);
  }
  expect(world.forgedMemberships).toHaveLength(asked.length);
  const said = world.logged.filter((line) => line.includes('was not written by Sluice'));
  expect(said).toHaveLength(asked.length);
  expect(said.every((line) => line.includes(person.id) && !line.includes(person.email))).toBe(true);
});

test('a person of two workspaces goes on in the other one', async () => {
  const other = await world.workspace();
  const person = await world.person('approver', [world.home.tenantId, other.tenantId]);
  await world.sql(`UPDATE membership SET roles = '{owner}' WHERE person_id = $1`, [person.id]);
  const [here, there] = [await world.sessionOf(person), await world.sessionOf(person, other.tenantId)];
  expect((await world.call('/v1/sessions/current', { token: here })).json['code']).toBe('membership_not_authentic');
  expect((await world.call('/v1/sessions/current', { token: there })).status).toBe(200);
});
