import { isSignedByMachines, type RouteShape } from '../contracts/route-shape.js';
import { ROUTES, type RouteId } from '../contracts/routes.js';
import { failureOf, Unreachable } from './problem-error.js';
import { type RetrySetting, withRetries } from './retry.js';
import { type Signer, sha256Of, signed } from './sign.js';
import type { CallOptions } from './types.js';
import { type Watch, watched } from './watch.js';

/** Address, headers, fetch and retries of all calls. */
export interface Transport {
  baseUrl: string;
  headers: Record<string, string>;
  fetch: typeof fetch;
  retry: RetrySetting;
  /** Of every POST that brings none of its own; without it, a new one each. */
  idempotencyKey?: string;
  /** Signs every call that changes something. */
  signer?: Signer;
  watch?: Watch;
}

/** Sends the request of one route and returns its resource. Splits the flat input into path, query and body by the contract. */
export const send = async (transport: Transport, id: RouteId, input: object, options: CallOptions): Promise<unknown> => {
  const shape: RouteShape = ROUTES[id];
  const idempotencyKey = shape.idempotency ? (options.idempotencyKey ?? transport.idempotencyKey ?? crypto.randomUUID()) : null;
  const left = new Map(Object.entries(input).filter(([, value]) => value !== undefined));
  const path = shape.path.replace(/:(\w+)/g, (_whole, name: string) => encodeURIComponent(String(take(left, name))));
  const query = new URLSearchParams();
  for (const name of Object.keys(shape.query?.shape ?? {})) if (left.has(name)) query.set(name, String(take(left, name)));
  const request: JsonRequest = {
    method: shape.method,
    headers: {
      ...transport.headers,
      ...(idempotencyKey === null ? {} : { 'idempotency-key': idempotencyKey }),
      ...(shape.body ? { 'content-type': 'application/json' } : {}),
    },
    ...(shape.body ? { body: JSON.stringify(Object.fromEntries(left)) } : {}),
    ...(options.signal ? { signal: options.signal } : {}),
  };
  const target = `${path}${query.size > 0 ? `?${query}` : ''}`;
  const once = async (onReplay?: () => void) =>
    (await exchange(transport, target, await signedBy(transport, shape, target, request), onReplay)).json();
  const repeated = (one: () => Promise<unknown>) => (isRepeatable(shape) ? withRetries(retriesOf(shape, transport.retry), one) : one());
  if (shape.method === 'GET') return repeated(once);
  const told = { watch: transport.watch, onReplay: options.onReplay };
  return watched(told, { route: id, input, idempotencyKey }, (attempt) => repeated(() => attempt(once)));
};

/** A request whose content, if it has any, is a text. */
interface JsonRequest extends RequestInit {
  method: string;
  headers: Record<string, string>;
  body?: string;
}

/** One try of a request, signed where the transport has a signer and the route asks for it. */
const signedBy = async ({ signer, baseUrl }: Transport, shape: RouteShape, target: string, request: JsonRequest): Promise<RequestInit> => {
  if (!signer || !isSignedByMachines(shape)) return request;
  const { method, headers, body } = request;
  const sha256 = body === undefined ? null : await sha256Of(body);
  return { ...request, headers: { ...headers, ...(await signed(signer, { method, url: `${baseUrl}${target}`, headers, sha256 })) } };
};

/** One HTTP exchange. Throws ProblemError or Unreachable for every answer that is no success. `onReplay`: see `CallOptions`. */
export const exchange = async (
  transport: Pick<Transport, 'baseUrl' | 'fetch'>,
  path: string,
  request: RequestInit,
  onReplay?: () => void,
): Promise<Response> => {
  const response = await transport.fetch(`${transport.baseUrl}${path}`, request).catch((error: unknown) => {
    if (request.signal?.aborted) throw error;
    throw new Unreachable(`${transport.baseUrl} can't be reached: ${reasonOf(error)}`, { cause: error });
  });
  if (response.headers.get('idempotent-replayed') === 'true') onReplay?.();
  if (!response.ok) throw await failureOf(response);
  return response;
};

/** A code is over before the wait that a limit asks for is, and a wrong one counts, so only the caller may repeat it, with a new one. */
const retriesOf = ({ rateClass }: RouteShape, retry: RetrySetting): RetrySetting => (rateClass === 'code' ? { ...retry, rateWaitMaxMs: -1 } : retry);

/** A sign-in uses up its code, and a PATCH carries no key, so only the caller may repeat these. */
const isRepeatable = (shape: RouteShape): boolean => shape.permission !== 'public' && shape.method !== 'PATCH';

const take = (left: Map<string, unknown>, name: string): unknown => {
  const value = left.get(name);
  left.delete(name);
  return value;
};

const reasonOf = (error: unknown): string => {
  const { message, cause } = error as { message?: string; cause?: { code?: string; message?: string } };
  return cause?.code ?? cause?.message ?? message ?? 'unknown reason';
};
