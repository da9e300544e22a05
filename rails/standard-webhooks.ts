import { createHmac, timingSafeEqual } from 'node:crypto';

/** Deliveries older or newer than this are refused, against replays. */
const TOLERANCE_S = 5 * 60;
const KEY_MIN_BYTES = 24;
const KEY_MAX_BYTES = 64;

/**
 * Authenticates a delivery by Standard Webhooks 1.0.0: HMAC-SHA-256 over `id.timestamp.body`, where the body is its raw bytes. The
 * signature header may contain several signatures (rotation of the sender's secret); one that verifies is enough. Fails closed:
 * without a strong secret and all headers nothing is accepted. Header names are in lower case.
 */
export const verifyStandardWebhook = (
  secret: string,
  raw: Uint8Array,
  headers: Record<string, string | undefined>,
  now: Date,
): { eventId: string } | { problem: string } => {
  const key = decodeSecret(secret);
  if (!key) return { problem: 'this connection has no usable webhook secret, so nothing can be verified' };
  const id = headers['webhook-id'];
  const timestamp = headers['webhook-timestamp'];
  const signatures = headers['webhook-signature'];
  if (!id || !timestamp || !signatures) return { problem: 'webhook-id, webhook-timestamp and webhook-signature are required' };
  if (!/^[\x21-\x7e]{1,255}$/.test(id)) return { problem: 'webhook-id is not of the form it should have' };
  if (!/^\d{1,12}$/.test(timestamp) || Math.abs(now.getTime() / 1000 - Number(timestamp)) > TOLERANCE_S) {
    return { problem: 'webhook-timestamp is more than five minutes off' };
  }
  const expected = Buffer.from(`v1,${createHmac('sha256', key).update(`${id}.${timestamp}.`).update(raw).digest('base64')}`);
  const matches = signatures.split(' ').filter((each) => sameSignature(each, expected));
  return matches.length > 0 ? { eventId: id } : { problem: 'no signature of this delivery verifies' };
};

/** `whsec_` (optional) and base64 of 24 to 64 bytes; null for anything else. */
const decodeSecret = (secret: string): Buffer | null => {
  const text = secret.replace(/^whsec_/, '');
  const key = Buffer.from(text, 'base64');
  // Buffer skips characters that are not base64, so a damaged secret would silently become another, shorter one.
  if (key.toString('base64').replace(/=+$/, '') !== text.replace(/=+$/, '')) return null;
  return key.length >= KEY_MIN_BYTES && key.length <= KEY_MAX_BYTES ? key : null;
};

/** Compares the texts, because decoding base64 ignores trailing characters. */
const sameSignature = (signature: string, expected: Buffer): boolean => {
  const given = Buffer.from(signature);
  return given.length === expected.length && timingSafeEqual(given, expected);
};
