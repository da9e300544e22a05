import { canonicalBytes, toHex } from './hashing.js';
import { isLoopback } from './loopback.js';
import { type Refusal, refuse } from './result.js';

/** How long a browser may take to answer an enrolment or a request to sign in, ms. The database holds the same. */
export const PASSKEY_MS = 5 * 60_000;

/** Random bytes of a challenge that stands for nothing else (Web Authentication, section 13.4.3, asks for 16 at least). */
export const CHALLENGE_BYTES = 32;

/** COSE algorithms that are taken (RFC 9053): EdDSA, ES256, RS256. Every authenticator has one of them. */
export const PASSKEY_ALGORITHMS = [-8, -7, -257] as const;

/** So long a public key may be (COSE_Key), which is an RSA key of some 7,800 bits; the table of factors takes no longer one. */
export const PUBLIC_KEY_BYTES_MAX = 1024;

/** Whom passkeys belong to (Web Authentication, section 4): a host, and the one origin whose pages may use them. */
export interface RelyingParty {
  id: string;
  origin: string;
}

/**
 * The relying party of an installation that is reached at this URL. An id is the name of a host, never an address, so the loopback addresses stand for
 * `localhost`; and browsers use passkeys over TLS or on this machine only. Null when the URL is neither, or there is none.
 */
export const relyingPartyOf = (publicUrl: string | null): RelyingParty | null => {
  if (publicUrl === null) return null;
  const url = byHostName(publicUrl);
  if (!isLoopback(url.hostname) && (url.protocol !== 'https:' || isAddress(url.hostname))) return null;
  return { id: url.hostname, origin: url.origin };
};

/** A URL as browsers have to reach it for passkeys: this machine by its name, whatever address the URL has for it. */
export const byHostName = (text: string): URL => {
  const url = new URL(text);
  if (isLoopback(url.hostname)) url.hostname = 'localhost';
  return url;
};

/** URLs have IPv4 addresses in one form, and IPv6 addresses in brackets. */
const isAddress = (host: string): boolean => host.startsWith('[') || /^\d+(\.\d+){3}$/.test(host);

/** Whether a page of this origin belongs to the host of a passkey. */
export const isOriginOf = (rpId: string, origin: string): boolean => URL.canParse(origin) && relyingPartyOf(origin)?.id === rpId;

/** What a passkey is, as it was confirmed. */
interface PasskeyStatement {
  factorId: string;
  personId: string;
  credentialId: Uint8Array;
  publicKey: Uint8Array;
  rpId: string;
}

/** The canonical form of a passkey, over which its authenticator is computed: another key, host or person needs another one. It never changes. */
export const passkeyBytes = (passkey: PasskeyStatement): Uint8Array =>
  canonicalBytes({
    domain: 'sluice-passkey-v1',
    factor_id: passkey.factorId,
    person_id: passkey.personId,
    credential_id: toHex(passkey.credentialId),
    public_key: toHex(passkey.publicKey),
    rp_id: passkey.rpId,
  });

/** What a passkey signed, and its signature (Web Authentication, section 6.3.3). */
export interface Assertion {
  authenticatorData: Uint8Array;
  clientData: Uint8Array;
  signature: Uint8Array;
}

/** The canonical form of an assertion; a gate names its SHA-256. */
export const assertionBytes = ({ authenticatorData, clientData, signature }: Assertion): Uint8Array =>
  canonicalBytes({
    domain: 'sluice-assertion-v1',
    authenticator_data: toHex(authenticatorData),
    client_data: toHex(clientData),
    signature: toHex(signature),
  });

/** Whether a counter goes on from another one (Web Authentication, section 7.2, step 22). Passkeys that are kept on several devices do not count. */
export const isNextCount = (known: number, given: number): boolean => given > known || (given === 0 && known === 0);

/** Why there is nothing to do with passkeys here. */
export const PASSKEYS_UNAVAILABLE: Refusal = refuse(
  'passkeys_unavailable',
  'Passkeys belong to the name of a host. Whoever runs this installation sets SLUICE_PUBLIC_URL to its https:// address, with a host name in it.',
).refusal;
