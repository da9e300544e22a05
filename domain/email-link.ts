/** How long a one-time link of a letter is good for. The database sets the end itself (migration 0029). */
export const LINK_HOURS = 24;

/** So many letters with a reset, and as many with a proof of the address, go to one person in an hour, whoever asks for them (migration 0029). */
export const LETTERS_AN_HOUR = 3;

/** What a link that stands for a person is good for. An invitation is not on the list: its person may not be there yet. */
export type LinkPurpose = 'password_reset' | 'email_verification';

const MARK = '#token=';

/** The link with a token. The token stands in the fragment, which browsers never send, so no server and no proxy logs it (RFC 3986, 3.5). */
export const linkOf = (publicUrl: string, token: string): string => `${new URL(publicUrl).origin}/${MARK}${token}`;

/** The token of what somebody pastes: the whole link, or the token alone. */
export const tokenIn = (pasted: string): string => {
  const text = pasted.trim();
  const at = text.indexOf(MARK);
  return at < 0 ? text : text.slice(at + MARK.length);
};
