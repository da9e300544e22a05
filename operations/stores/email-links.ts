import type { LinkPurpose } from '../../domain/email-link.js';
import type { Letter } from '../../domain/letter.js';

/** A link that waits for its letter. Of an address that nobody has, the name and the address are empty, and nothing is sent. */
export interface AskedLink {
  id: string;
  purpose: LinkPurpose;
  requestId: string;
  to: { name: string; email: string };
}

/** A link that is still good for its purpose, and whose it is. */
export interface FoundLink {
  id: string;
  personId: string;
  name: string;
  email: string;
  passwordVersion: number;
}

/** The SHA-256 that a link is known by, and the letter that holds its token. */
export interface IssuedLink {
  hash: Uint8Array;
  letter: { id: string; template: Letter['template']; sealed: Uint8Array; hours: number };
}

/** Links of people in the transaction of a workspace. */
export interface EmailLinkStore {
  /**
   * Makes a link of the person who acts, in place of the older ones of its purpose. False when three were made within an hour, or the person
   * works nowhere.
   */
  issue(link: { id: string; purpose: LinkPurpose; hash: Uint8Array }): Promise<boolean>;
  /** True for exactly one use of a link by its person; their address is proven then. */
  use(hash: Uint8Array, purpose: LinkPurpose): Promise<boolean>;
}

/** Links before a workspace is known. */
export interface EmailLinkQueue {
  /** Asks for a link. One statement, the same for everybody, also for an id that nobody has; committed when it returns. */
  ask(link: { id: string; personId: string; purpose: LinkPurpose; requestId: string }): Promise<void>;
  find(hash: Uint8Array, purpose: LinkPurpose): Promise<FoundLink | null>;
  /**
   * Gives links that were asked for their tokens and writes their letters, each with its link in one transaction, and notes it for the logs of
   * the person's workspaces. Returns how many waited.
   */
  issue(make: (asked: AskedLink) => IssuedLink): Promise<number>;
}
