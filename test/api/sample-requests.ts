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
  ...{ exception_id: 'exception', proposal_id: 'proposal', parked_evidence_id: 'parkedEvidence', delivery_id: 'delivery' },
  ...{ person_id: 'person', session_id: 'session', workspace_id: 'workspace' },
};

/** A well-formed request of a route. Uses the given ids, and otherwise ids that nothing has. */
export const sampleRequest = (id: RouteId, shape: RouteShape, ids: Record<string, string> = {}): { path: string } & Call => {
  const path = shape.path.replace(/:(\w+)/g, (_whole, name: string) => {
    const kind = KINDS[name];
    return ids[name] ?? (kind ? toWireId(kind, systemEntropy.newId()) : 'sandbox');
  });
  const body = shape.example;
  const query = QUERIES[id];
  return {
    path: query ? `${path}?${query}` : path,
    method: shape.method,
    ...(body ? { body } : {}),
    headers: shape.idempotency ? { 'idempotency-key': systemEntropy.newId() } : {},
  };
};

/** Queries of the routes whose query has required members. */
const QUERIES: Partial<Record<RouteId, string>> = {
  prove_inclusion: `event_id=${toWireId('event', systemEntropy.newId())}`,
  prove_consistency: 'from=0',
};
