import { LINK_HOURS } from './email-link.js';

/**
 * What Sluice writes to people, and what each letter is filled in with, by its template. A letter may wait in the database while a newer
 * version is installed, so the name and the members of a released template keep their meaning.
 */
export interface Letters {
  /** A person's second factor is locked after too many wrong codes. Times as RFC 3339, UTC. */
  factor_locked: { locked_at: string; locked_until: string };
  /** A factor counts from now on. Its name was chosen by whoever added it. */
  factor_added: { name: string; at: string; gates_from: string };
  /** A factor counts no more, by its person's own wish. */
  factor_removed: { name: string; at: string };
  /** A passkey was refused because its counter went back: somebody may have a copy of its key. */
  passkey_copied: { name: string; at: string };
  /** There are new recovery codes, and the old ones are void. */
  recovery_codes_made: { at: string };
  /** A recovery code was used up; so many are left. */
  recovery_code_used: { at: string; left: number };
  /** Somebody of the workspace asked that all factors of the person be taken away. */
  factor_reset_asked: { by: string; workspace: string; at: string; until: string };
  /** They were. */
  factors_reset: { by: string; workspace: string; at: string };
  /** Somebody is invited into a workspace. The token accepts it, once. */
  invitation: { workspace: string; inviter: string; roles: string; token: string; expires_at: string };
  /** A reset of the password was asked for. The token sets a new one, once. */
  password_reset: { token: string; expires_at: string };
  /** The password was reset by a link. */
  password_was_reset: { at: string };
  /** The token proves that whoever has it reads the letters to this address. */
  email_verification: { token: string; expires_at: string };
  /** A key or a person was refused unusually often within some minutes, last from a network. `what` says what was refused. */
  anomaly: { workspace: string; who: string; what: string; count: number; minutes: number; network: string; at: string };
  /** The same, and the key was suspended for it. */
  key_suspended: Letters['anomaly'] & { key_id: string };
}

export type Template = keyof Letters;

export type Letter = { [Name in Template]: { template: Name; params: Letters[Name] } }[Template];

/** To whom a letter goes, as it is known when it is written. */
export interface Addressee {
  name: string;
  email: string;
}

/** For how many hours a letter is worth sending. Afterwards it is given up, because it would say what is over. */
export const LETTER_HOURS: Readonly<Record<Template, number>> = {
  factor_locked: 24,
  factor_added: 72,
  factor_removed: 72,
  passkey_copied: 72,
  recovery_codes_made: 72,
  recovery_code_used: 72,
  factor_reset_asked: 24,
  factors_reset: 72,
  invitation: LINK_HOURS,
  password_reset: LINK_HOURS,
  password_was_reset: 7 * 24,
  email_verification: LINK_HOURS,
  anomaly: 24,
  key_suspended: 72,
};

/** All of a letter but its template, as it is sealed. */
export const letterBytes = (to: Addressee, { params }: Letter): Uint8Array => new TextEncoder().encode(JSON.stringify({ to, params }));

/** Reads what `letterBytes` wrote. The template may be one that this version does not know. */
export const readLetter = (template: string, bytes: Uint8Array): { to: Addressee; letter: Letter } => {
  const { to, params } = JSON.parse(new TextDecoder().decode(bytes)) as { to: Addressee; params: Letter['params'] };
  return { to, letter: { template, params } as Letter };
};
