import type { Addressee, Letter } from '../../domain/letter.js';

/** Seals letters under a key of the installation: people belong to no tenant, and no role of the database can read the key. */
export interface MailSeal {
  seal(letter: SealedLetter, plain: Uint8Array): Uint8Array;
  /** Throws when the ciphertext was changed, or was sealed for another letter, another template or under another key. */
  open(letter: SealedLetter, sealed: Uint8Array): Uint8Array;
}

/** What a sealed letter is bound to. */
export interface SealedLetter {
  id: string;
  template: string;
}

/** Hands letters to the mail server, each by itself. */
export interface Postman {
  /**
   * Never throws: what went wrong is the answer. A letter that is sent again is the same to the byte, under the same Message-ID (RFC 5322).
   * When the signal aborts nobody waits any longer, and it is not known whether the server took the letter.
   */
  send(letter: OutgoingLetter, signal: AbortSignal): Promise<Sending>;
}

export interface OutgoingLetter {
  id: string;
  createdAt: Date;
  to: Addressee;
  letter: Letter;
}

/**
 * What became of a letter. `later`: trying again may help. `refused`: the server refused this letter or its recipient for good. The problem
 * is a phrase for people and names nobody's address.
 */
export type Sending = { outcome: 'sent' } | { outcome: 'later' | 'refused'; problem: string };
