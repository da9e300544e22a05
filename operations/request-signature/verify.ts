import type { ContentDigests } from '../../domain/http-signature/content-digest.js';
import { readSigned, SIGNATURE_WINDOW_S, type Signed } from '../../domain/http-signature/profile.js';
import type { SignableRequest } from '../../domain/http-signature/request.js';
import type { Refusal } from '../../domain/result.js';
import type { Context } from '../context.js';
import type { SealedPlace, Stores } from '../ports.js';
import type { SigningKeyRow } from '../stores/signing-keys.js';
import { refuseSignature } from './refuse.js';

export interface MachineCall {
  route: string;
  /** The API key that it was authenticated by; null for a machine that has none, which can sign nothing. */
  apiKeyId: string | null;
  /** Null when its target URI cannot be known. */
  request: SignableRequest | null;
  method: string;
  /** Whether it carries a signature at all. */
  isSigned: boolean;
}

export type Verification =
  /** `digests`: what the content has to hash to, once it is here; null when there is none. */
  | { kind: 'verified'; digests: ContentDigests | null }
  /** It carries no signature and needs none. */
  | { kind: 'unsigned' }
  /** `reason` is for the log alone. */
  | { kind: 'refused'; reason: string; refusal: Refusal };

/** s. Beyond the window of its signature a nonce is kept for so long, for transactions that began in time. */
const NONCE_MARGIN_S = 300;

/**
 * Verifies the signature of a machine's call (RFC 9421), from its head alone. A call without one passes where the workspace
 * asks for none; a signature that is there counts always. The nonce is used in the same transaction, last of all, so that only a signature that verifies leaves one.
 */
export const verifySignature = (ctx: Context, call: MachineCall): Promise<Verification> =>
  ctx.inTenant(async (stores) => {
    const refused = async (reason: string): Promise<Verification> => {
      const { refusal } = await refuseSignature(stores, { tenantId: ctx.tenantId, route: call.route, method: call.method });
      return { kind: 'refused', reason, refusal };
    };
    if (!call.isSigned) {
      const { signingRequiredAt } = await stores.workspaces.get();
      return signingRequiredAt !== null ? refused('it is not signed') : { kind: 'unsigned' };
    }
    if (!call.request) return refused('its target URI is not that of this API');
    const signed = readSigned(call.request, stores.now);
    if ('problem' in signed) return refused(signed.problem);
    const key = await stores.signingKeys.find(signed.signingKeyId);
    if (!key || key.apiKeyId !== call.apiKeyId) return refused('its API key has no such signing key');
    if (key.revokedAt !== null) return refused('the signing key is revoked');
    if (key.algorithm !== signed.algorithm) return refused('the signing key is of another algorithm');
    const material = await materialOf(ctx, stores, key);
    if (!material) return refused('the signing key has no material that can be read');
    if (!ctx.services.requestSignatures.verify(key.algorithm, material, signed.base, signed.value)) return refused('it does not verify');
    if (!(await stores.signatureNonces.use(nonceOf(signed)))) return refused('its nonce was used already');
    return { kind: 'verified', digests: signed.digests };
  });

const nonceOf = ({ signingKeyId, nonce, created }: Signed) => ({
  signingKeyId,
  nonce,
  expiresAt: new Date((created + SIGNATURE_WINDOW_S + NONCE_MARGIN_S) * 1_000),
});

/** Where the secret of a signing key is sealed. */
export const secretPlace = (tenantId: string, id: string): SealedPlace => ({ tenantId, purpose: 'signing_key', record: id, field: 'secret' });

/** The secret or the public key; null when it is not there or does not open. */
const materialOf = async (ctx: Context, stores: Stores, { id, publicKey, sealedSecret }: SigningKeyRow): Promise<Uint8Array | null> => {
  if (publicKey) return publicKey;
  if (!sealedSecret) return null;
  // Whatever keeps a secret from being read, nothing is verified with it. After an error of the database the refusal cannot be written either.
  return ctx.services.vault.open(stores.keys, secretPlace(ctx.tenantId, id), sealedSecret).catch(() => null);
};
