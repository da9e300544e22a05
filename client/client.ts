import { ROUTES, type RouteId } from '../contracts/routes.js';
import { DEFAULT_RETRY, type RetrySetting } from './retry.js';
import { send, type Transport } from './send.js';
import type { Signer } from './sign.js';
import type { CallOptions, RequestOf, ResponseOf } from './types.js';
import type { Watch } from './watch.js';

type Streams = 'stream_payout_batch_events' | 'export_audit' | 'receive_inbound';

/** One method for every route of the API that answers a resource. */
export type Client = { [Id in Exclude<RouteId, Streams>]: (input: RequestOf<Id>, options?: CallOptions) => Promise<ResponseOf<Id>> } & {
  /** For the calls that stream: see `streamEvents`, `exportLines` and `uploadCsv`. */
  transport: Transport;
};

export interface ClientSettings {
  /** Such as `https://sluice.example`. */
  baseUrl: string;
  /** Session token or API key; null for calls that need none. */
  token: string | null;
  /** The workspace that the calls are meant for. The server refuses them when the token belongs to another one. */
  workspaceId?: string;
  /** Of every POST that brings no key of its own; default: a new one each. */
  idempotencyKey?: string;
  /** Signs every call that changes something, with the signing key of an API key (RFC 9421). */
  signer?: Signer;
  fetch?: typeof fetch;
  retry?: Partial<RetrySetting>;
  watch?: Watch;
}

/**
 * A typed client: `client.show_payout_batch({batch_id})`. Every POST carries an Idempotency-Key (yours, or a new one)
 * that stays the same over all retries, so nothing is done twice; with a `signer` each try is signed by itself. Throws ProblemError when the server refuses and
 * Unreachable when the server can't be reached.
 */
export const createClient = (settings: ClientSettings): Client => {
  const transport: Transport = {
    baseUrl: settings.baseUrl.replace(/\/+$/, ''),
    headers: {
      ...(settings.token ? { authorization: `Bearer ${settings.token}` } : {}),
      ...(settings.workspaceId ? { 'sluice-workspace': settings.workspaceId } : {}),
    },
    fetch: settings.fetch ?? fetch,
    retry: { ...DEFAULT_RETRY, ...settings.retry },
    ...(settings.idempotencyKey === undefined ? {} : { idempotencyKey: settings.idempotencyKey }),
    ...(settings.signer ? { signer: settings.signer } : {}),
    ...(settings.watch ? { watch: settings.watch } : {}),
  };
  const ids = Object.keys(ROUTES) as RouteId[];
  const methods = ids.map((id) => [id, (input: object = {}, options: CallOptions = {}) => send(transport, id, input, options)]);
  return { ...Object.fromEntries(methods), transport } as Client;
};
