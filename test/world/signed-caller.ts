import type { SignatureAlgorithm } from '../../domain/http-signature/profile.js';
import type { Permission } from '../../domain/permissions.js';
import { systemEntropy } from '../../vault/entropy.js';
import type { ApiWorld } from './api.js';
import { makeSigner, type Plain } from './signing.js';
import { uuidOf } from './wire.js';

/** An API key with a signing key (ed25519) in a workspace of its own, of a new admin. */
export const signedCaller = async (world: ApiWorld, { mode, scopes }: { mode: 'live' | 'test'; scopes: Permission[] }) => {
  const { tenantId } = await world.workspace({ mode });
  const owner = await world.person('admin', [tenantId]);
  const { id, token } = await world.apiKey(owner, scopes, tenantId);
  const another = (algorithm: SignatureAlgorithm) => makeSigner(world, owner, id, algorithm, tenantId);
  return { tenantId, token, keyUuid: uuidOf(id), signer: await another('ed25519'), another };
};

/** Calls of such a caller. `from` is asked at each call, since the world is opened before the first test. */
export const signedCalls = (from: () => { world: ApiWorld; caller: Awaited<ReturnType<typeof signedCaller>> }) => {
  const payee = () => JSON.stringify({ reference: systemEntropy.newId(), name: 'Ada', country: 'DE', account_token: 'acct_ok_1' });

  /** A POST of a payee as it would be sent, not signed yet. */
  const plain = (body = payee(), more: Record<string, string> = {}): Plain & { body: string } => {
    const { world, caller } = from();
    const headers = {
      authorization: `Bearer ${caller.token}`,
      'content-type': 'application/json',
      'idempotency-key': systemEntropy.newId(),
      ...more,
    };
    return { method: 'POST', url: `${world.url}/v1/payees`, headers, body };
  };

  const send = async ({ method, url, headers, body }: Plain) => {
    const { world } = from();
    const answer = await world.call(url.slice(world.url.length), { method, headers, ...(body === undefined ? {} : { body: body as string }) });
    return { status: answer.status, code: answer.json['code'], json: answer.json, text: answer.text };
  };

  /** What the log says of the last refusal. */
  const reason = (): unknown => {
    const line = from().world.logged.findLast((one) => one.includes('a signature was refused'));
    return line && JSON.parse(line).reason;
  };

  return { payee, plain, send, reason };
};
