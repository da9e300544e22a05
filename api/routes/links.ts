import type { LINK_ROUTES } from '../../contracts/routes/links.js';
import { askPasswordReset } from '../../operations/email-link/ask-reset.js';
import { askEmailVerification } from '../../operations/email-link/ask-verification.js';
import { completePasswordReset } from '../../operations/email-link/complete-reset.js';
import { completeEmailVerification } from '../../operations/email-link/complete-verification.js';
import { acceptInvitation } from '../../operations/invitation/accept.js';
import { createInvitation } from '../../operations/invitation/create.js';
import { listInvitations } from '../../operations/invitation/list.js';
import { revokeInvitation } from '../../operations/invitation/revoke.js';
import type { ApiDeps } from '../deps.js';
import { untilFloor } from '../failure-floor.js';
import type { Handlers } from '../handlers.js';
import { told } from '../told.js';

/** What letters with a one-time link are for. Nothing that anybody may ask for waits for the letter that it leads to. */
export const links = ({
  clock,
  emailLinks,
  personEvents,
}: Pick<ApiDeps, 'clock' | 'emailLinks' | 'personEvents'>): Pick<Handlers, keyof typeof LINK_ROUTES> => ({
  create_invitation: createInvitation,
  list_invitations: listInvitations,
  revoke_invitation: revokeInvitation,
  accept_invitation: told({ personEvents }, acceptInvitation),
  ask_password_reset: async (publicContext, input) => {
    const from = clock.now();
    const result = await askPasswordReset(publicContext, input);
    // The letter is written after the answer: work for a known address would slow it down.
    await untilFloor(clock, from);
    emailLinks.wake();
    return result;
  },
  complete_password_reset: told({ personEvents }, completePasswordReset),
  ask_email_verification: askEmailVerification,
  complete_email_verification: told({ personEvents }, completeEmailVerification),
});
