import type { Template } from '../../domain/letter.js';

/** Letters to people, which commit with what they tell of (ADR 0067). People belong to no tenant, and neither do letters to them. */
export interface MailStore {
  /** Adds a letter that the relay sends after the commit. After `hours` it is not worth sending any more. */
  add(letter: { id: string; template: Template; sealed: Uint8Array; hours: number }): Promise<void>;
}
