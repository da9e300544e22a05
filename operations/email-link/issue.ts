import { LINK_HOURS } from '../../domain/email-link.js';
import type { Services } from '../ports.js';
import type { EmailLinkQueue } from '../stores/email-links.js';
import { makeLink } from './letters.js';

/**
 * Writes the letters of links that were asked for, after the answers that asked: so their time tells nobody whether there is an account.
 * Returns how many waited.
 */
export const issueLinks = (links: Pick<EmailLinkQueue, 'issue'>, services: Services, now: () => Date): Promise<number> =>
  links.issue((asked) => makeLink(services, asked, new Date(now().getTime() + LINK_HOURS * 3_600_000)));
