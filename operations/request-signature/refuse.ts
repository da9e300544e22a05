import { type Refusal, refuse } from '../../domain/result.js';
import { refusedAndAudited } from '../context.js';
import type { Stores } from '../ports.js';

/**
 * Every signature that is not taken gets this one answer, whatever is wrong with it, so that nobody learns from it what comes closer. The
 * reason stands in the log of the API under the id of the request.
 */
const REFUSAL: Refusal = refuse(
  'signature_invalid',
  'This call has to be signed by a signing key of its API key, and no signature was taken; docs/signing.md says what has to be signed.',
).refusal;

/** A request as the audit log names it. */
export interface RefusedRequest {
  tenantId: string;
  route: string;
  method: string;
}

/** Refuses a signature. A refused change is audited as a failed attempt; a refused read stands in the log of requests alone. */
export const refuseSignature = async (stores: Stores, { tenantId, route, method }: RefusedRequest): Promise<{ ok: false; refusal: Refusal }> => {
  if (method === 'GET' || method === 'HEAD') return { ok: false, refusal: REFUSAL };
  return refusedAndAudited(stores, { subject: { type: 'workspace', id: tenantId }, action: 'request.refuse', detail: { route } }, REFUSAL);
};
