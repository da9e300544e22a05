import type { Addressee, Letter, Letters, Template } from '../domain/letter.js';
import { inLine } from './in-line.js';

/** A letter as people read it: English, plain text, lines of at most 76 characters but for names and addresses. */
export interface Rendered {
  subject: string;
  text: string;
}

/** The sentences of each letter. Whatever is filled in and was chosen by somebody goes through `inLine`. */
const TEMPLATES: { readonly [Name in Template]: (params: Letters[Name]) => Rendered } = {
  factor_locked: ({ locked_at, locked_until }) => ({
    subject: `Your second factor is locked until ${clockOf(locked_until)}`,
    text: `Too many wrong codes in a row were given for your account at Sluice, the
last one on ${momentOf(locked_at)}. Your second factor is locked
until ${momentOf(locked_until)}. Until then it neither signs you in
nor opens a gate, with the right code too.

If it was you: wait until then, and type the code that your authenticator
shows at that moment. If it is refused again, see whether the clock of the
device is right.

If it was not you: somebody knows your password, or uses a session of yours.
Nobody is asked for a code without one of the two. Tell an administrator of
your workspace at once, and change your password.`,
  }),
};

/**
 * Fills in a letter. The same letter always gives the same text.
 *
 * @param publicUrl address of the installation, for people who have accounts at several
 * @throws when a newer version wrote the letter, with a template that this one does not have
 */
export const render = ({ template, params }: Letter, to: Pick<Addressee, 'name'>, publicUrl: string): Rendered => {
  if (!Object.hasOwn(TEMPLATES, template)) throw new Error(`this version has no letter ${template}`);
  const { subject, text } = TEMPLATES[template](params);
  return { subject, text: `Hello ${inLine(to.name)},\n\n${text}\n\nSluice at ${new URL(publicUrl).origin}\nNobody reads answers to this address.\n` };
};

/** `2026-11-28 14:05:30 UTC` */
const momentOf = (time: string): string => `${time.slice(0, 10)} ${clockOf(time)}`;

/** `14:05:30 UTC` */
const clockOf = (time: string): string => `${time.slice(11, 19)} UTC`;
