import { randomBytes } from 'node:crypto';
import { expect } from '@jest/globals';
import type { RouteId } from '../../contracts/routes.js';
import { toWireId } from '../../domain/ids.js';
import { systemEntropy } from '../../vault/entropy.js';
import type { ApiWorld } from '../world/api.js';
import type { Person } from '../world/people.js';
import { makeSigner } from '../world/signing.js';
import type { Workspace } from '../world/workspaces.js';
import { doubtIn } from './doubt-in.js';
import { ROUTE_LIST, sampleRequest } from './sample-requests.js';

/** Ids by the name of the parameter that addresses what they belong to. */
export type Records = Record<string, string>;

/** Somebody who works in a workspace and may do everything there. */
interface Insider {
  person: Person;
  token: string;
}

const send = async (world: ApiWorld, id: RouteId, token: string, ids: Records = {}, body?: object) => {
  const [, shape] = ROUTE_LIST.find(([route]) => route === id) ?? [];
  if (!shape) throw new Error(`the table has no ${id}`);
  const { path, ...request } = sampleRequest(id, shape, ids);
  const answer = await world.call(path, { ...request, ...(body ? { body } : {}), token });
  if (answer.status >= 300) throw new Error(`${id} answered ${answer.status} ${answer.text}`);
  return answer.json;
};

const first = (list: Record<string, unknown>): string => (list['data'] as { id: string }[])[0]?.id ?? '';

/**
 * One thing of every kind that a path or a query can name, in one workspace. `role` is the name of one that the workspace is to define; a
 * member has it, so that nobody deletes it.
 */
export const recordsIn = async (world: ApiWorld, workspace: Workspace, { person, token }: Insider, role: string): Promise<Records> => {
  const { tenantId, funding, connectionId } = workspace;
  const batch = await send(world, 'create_payout_batch', token);
  await send(world, 'define_role', token, {}, { name: role, permissions: ['batches.read'] });
  const [holder, member] = [await world.person('viewer', [tenantId]), await world.person('viewer', [tenantId])];
  await send(world, 'set_person_roles', token, { person_id: toWireId('person', holder.id) }, { roles: [role] });
  const records = {
    batch_id: String(batch['id']),
    payee_id: first(await send(world, 'list_payees', token)),
    account_id: toWireId('account', funding),
    connection_id: toWireId('connection', connectionId),
    event_id: first(await send(world, 'list_audit_events', token)),
    ...(await doubtIn(world, workspace)),
    person_id: toWireId('person', member.id),
    session_id: await sessionOf(world, await world.sessionOf(person, tenantId)),
    ...(await keysOf(world, person, tenantId)),
    role,
    factor_id: toWireId('factor', person.factorId),
    ...(await invitationBy(world, token)),
  };
  // It is there, so "absent" is not true by accident.
  for (const route of ['show_payout_batch', 'show_payee', 'list_signing_keys'] as const)
    expect(await send(world, route, token, records)).toHaveProperty('object');
  return records;
};

/** A key of this person with a key that signs its calls. */
export const keysOf = async (world: ApiWorld, person: Person, tenantId: string): Promise<Records> => {
  const key = await world.apiKey(person, ['batches.read'], tenantId);
  return { key_id: key.id, signing_key_id: (await makeSigner(world, person, key.id, 'ed25519', tenantId)).keyId };
};

/** The id of the session whose token this is. */
export const sessionOf = async (world: ApiWorld, token: string): Promise<string> => String((await send(world, 'show_session', token))['id']);

/** An open invitation to an address of its own. Whoever withdraws it, or invites the address again, ends it. */
export const invitationBy = async (world: ApiWorld, token: string): Promise<Records> => {
  const body = { email: `${systemEntropy.newId()}@people.example`, name: 'Nina Okafor', roles: ['viewer'] };
  return { invitation_id: String((await send(world, 'create_invitation', token, {}, body))['id']) };
};

/** A factor of this person that waits for its confirmation, in the place of another that did. */
export const pendingFactorOf = async (world: ApiWorld, { id }: Person): Promise<Records> => {
  const factorId = systemEntropy.newId();
  await world.sql('DELETE FROM factor WHERE person_id = $1 AND confirmed_at IS NULL', [id]);
  const { sealed } = await world.credentials.newTotpFactor({ id: factorId, personId: id }, id);
  await world.sql(`INSERT INTO factor (id, person_id, kind, name, sealed) VALUES ($1, $2, 'totp', 'laptop', $3)`, [
    factorId,
    id,
    Buffer.from(sealed),
  ]);
  return { factor_id: toWireId('factor', factorId) };
};

/** The same of a passkey. */
export const pendingPasskeyOf = async (world: ApiWorld, { id }: Person): Promise<Records> => {
  const factorId = systemEntropy.newId();
  await world.sql('DELETE FROM factor WHERE person_id = $1 AND confirmed_at IS NULL', [id]);
  await world.sql(`INSERT INTO factor (id, person_id, kind, name, sealed, challenge_hash) VALUES ($1, $2, 'passkey', 'laptop', '', $3)`, [
    factorId,
    id,
    randomBytes(32),
  ]);
  return { factor_id: toWireId('factor', factorId) };
};

/** Evidence and a delivery that wait for somebody. Whoever discards them finds them no more. */
export const waitingIn = async (world: ApiWorld, { tenantId, connectionId }: Workspace): Promise<Records> => {
  const [parked, delivery] = [systemEntropy.newId(), systemEntropy.newId()];
  await world.sql(
    `INSERT INTO parked_evidence (tenant_id, id, connection_id, payment_key, outcome, rank, reason) VALUES ($1, $2, $3, $2::uuid::text, 'paid', 1, 'unknown_payment')`,
    [tenantId, parked, connectionId],
    tenantId,
  );
  await world.sql(
    `INSERT INTO inbound_event (tenant_id, id, connection_id, provider_event_id, sealed_body, problem) VALUES ($1, $2, $3, $2::uuid::text, '\\x00', 'ZodError')`,
    [tenantId, delivery, connectionId],
    tenantId,
  );
  return { parked_evidence_id: toWireId('parkedEvidence', parked), delivery_id: toWireId('delivery', delivery) };
};
