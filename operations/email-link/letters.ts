import type { LinkPurpose } from '../../domain/email-link.js';
import { LETTER_HOURS, type Letter, letterBytes } from '../../domain/letter.js';
import { type Refusal, refuse } from '../../domain/result.js';
import type { Services } from '../ports.js';
import type { AskedLink, IssuedLink } from '../stores/email-links.js';

/** A new token of a link. Of both modes it is the same: it stands for a person, and a person belongs to no workspace. */
export const newLinkToken = ({ credentials }: Pick<Services, 'credentials'>): { token: string; hash: Uint8Array } =>
  credentials.newToken('link', 'live');

/** The letter of a link that stands for a person. It is the only place that has the token. */
export const linkLetter = (purpose: LinkPurpose, token: string, expiresAt: Date): Letter => ({
  template: purpose,
  params: { token, expires_at: expiresAt.toISOString() },
});

/** Makes the token of a link and the letter with it, sealed. */
export const makeLink = ({ credentials, entropy, mailSeal }: Services, { purpose, to }: AskedLink, expiresAt: Date): IssuedLink => {
  const { token, hash } = newLinkToken({ credentials });
  const letter = linkLetter(purpose, token, expiresAt);
  const { template } = letter;
  const id = entropy.newId();
  return { hash, letter: { id, template, sealed: mailSeal.seal({ id, template }, letterBytes(to, letter)), hours: LETTER_HOURS[template] } };
};

/** One answer to every token that is of no use, whatever the reason: there is nothing to learn from it. */
export const LINK_NOT_VALID: Refusal = refuse(
  'link_not_valid',
  'This link was used, replaced or withdrawn, or a day has passed. Ask for a new letter, and take the link of the newest one.',
).refusal;
