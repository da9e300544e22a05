import type { z } from 'zod';
import type { assertion, registration } from '../../contracts/passkeys.js';
import type { Assertion, RelyingParty } from '../../domain/passkey.js';

/** What a browser answered to an enrolment. */
export type WireRegistration = z.output<typeof registration>;
/** What it answered to a request for a passkey. */
export type WireAssertion = z.output<typeof assertion>;

/** Verifies what authenticators say (Web Authentication Level 3, sections 7.1 and 7.2), always with presence and verification of the user. */
export interface Passkeys {
  /** Null where the installation has no address that passkeys can belong to, and in processes that ask nobody for one. */
  relyingParty: RelyingParty | null;
  /** Reads a new passkey. Null when its answer is not one to this challenge, of this relying party, with a statement that names nobody. */
  verifyRegistration(
    answer: WireRegistration,
    expected: { isChallenge: (challenge: Uint8Array) => boolean; relyingParty: RelyingParty },
  ): Promise<NewPasskey | null>;
  /**
   * The counter of an assertion that a passkey of this host signed for this challenge; null when it is no such one. `isOrigin` says which pages may
   * have asked for it. It does not judge the counter.
   */
  verifyAssertion(assertion: Assertion, expected: ExpectedAssertion): Promise<{ signCount: number } | null>;
}

export interface NewPasskey {
  credentialId: Uint8Array;
  /** COSE_Key (RFC 9052). */
  publicKey: Uint8Array;
  signCount: number;
}

export interface ExpectedAssertion {
  isChallenge: (challenge: Uint8Array) => boolean;
  isOrigin: (origin: string) => boolean;
  rpId: string;
  publicKey: Uint8Array;
}
