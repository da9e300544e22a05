import type { RouteShape } from '../../contracts/route-shape.js';
import { ROUTES, type RouteId } from '../../contracts/routes.js';
import { type IdKind, toWireId } from '../../domain/ids.js';
import { isOperatorPermission } from '../../domain/permissions.js';
import { systemEntropy } from '../../vault/entropy.js';
import type { Call } from '../world/api.js';

export const ROUTE_LIST = Object.entries(ROUTES) as [RouteId, RouteShape][];

/** Routes that need a session or an API key. */
export const GUARDED = ROUTE_LIST.filter(
  ([, { permission }]) => permission !== 'public' && permission !== 'signed' && !isOperatorPermission(permission),
);

/** Routes that need the credential of an operator. */
export const OF_PLATFORM = ROUTE_LIST.filter(([, { permission }]) => isOperatorPermission(permission));

const KINDS: Record<string, IdKind> = {
  ...{ batch_id: 'batch', key_id: 'apiKey', signing_key_id: 'signingKey', payee_id: 'payee', account_id: 'account', connection_id: 'connection' },
  ...{ exception_id: 'exception', proposal_id: 'proposal', parked_evidence_id: 'parkedEvidence', delivery_id: 'delivery', event_id: 'event' },
  ...{ person_id: 'person', session_id: 'session', workspace_id: 'workspace', organization_id: 'organization', factor_id: 'factor' },
  invitation_id: 'invitation',
};

/** Queries of the routes whose query has required members. */
const QUERIES: Partial<Record<RouteId, string>> = {
  prove_inclusion: 'event_id=:event_id',
  prove_consistency: 'from=0',
};

const PLACE = /:(\w+)/g;
const addressOf = (id: RouteId, { path }: RouteShape): string => (QUERIES[id] ? `${path}?${QUERIES[id]}` : path);

/** The names under which the address of a sample request names records, such as `batch_id`. A rail is no record. */
export const namesOfRecords = (id: RouteId, shape: RouteShape): string[] =>
  [...addressOf(id, shape).matchAll(PLACE)].map(([, name]) => name as string).filter((name) => name !== 'rail');

/** A value for such a name that nothing has. */
export const absentRecord = (name: string): string => {
  const kind = KINDS[name];
  if (kind) return toWireId(kind, systemEntropy.newId());
  if (name === 'role') return 'nobody-has-it';
  if (name === 'rail') return 'sandbox';
  throw new Error(`KINDS of test/api/sample-requests.ts does not say what kind of id ${name} is`);
};

/** A well-formed request of a route. Uses the given ids, and otherwise ids that nothing has. */
export const sampleRequest = (id: RouteId, shape: RouteShape, ids: Record<string, string> = {}): { path: string } & Call => {
  const path = addressOf(id, shape).replace(PLACE, (_whole, name: string) => ids[name] ?? absentRecord(name));
  const body = shape.example;
  return {
    path,
    method: shape.method,
    ...(body ? { body } : {}),
    headers: shape.idempotency ? { 'idempotency-key': systemEntropy.newId() } : {},
  };
};
