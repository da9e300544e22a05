// What went wrong, for people: a title, what happened, and what to do next.
import { NoAnswer, Refused } from './call.js';

const LOOK_AGAIN = 'Look at it again, then decide anew.';
const ANOTHER = 'Give the address of this page to somebody else who may open this gate.';

/** What to do after a refusal of the API, by its code. */
const NEXT = {
  unauthenticated: 'Sign in.',
  session_expired: 'Sign in again.',
  invalid_credentials: 'Check them and try again. Who has a second factor needs a code of it, or signs in with a passkey.',
  forbidden: 'Sign in as somebody who may.',
  not_found: 'Check the address of this page, and that you are signed in to the workspace that the batch is in.',
  wrong_state: 'Nothing was signed. Look at the batch in your list, or with `sluice batch show`.',
  challenge_stale: `The batch was edited, so nothing was opened. ${LOOK_AGAIN}`,
  challenge_expired: LOOK_AGAIN,
  challenge_used: LOOK_AGAIN,
  challenge_unknown: LOOK_AGAIN,
  preparer_cannot_open: ANOTHER,
  gate_same_person: ANOTHER,
  gate_needs_person: 'Sign in as yourself.',
  gate_deadline_passed: 'Nothing of this batch can be opened any more. Whoever prepares batches makes it anew.',
  gate_holder_inactive: 'Whoever prepares batches edits it, so that all its gates close, and other people open them anew.',
  gate_not_authentic: 'Tell whoever runs Sluice at once: nothing of this batch may be opened.',
  passkey_wrong: 'Try again with the passkey that you added here.',
  passkey_copied: 'Do not use that passkey. Tell whoever manages people: somebody may have a copy of it.',
  passkeys_unavailable: 'Whoever runs Sluice gives it a host name (SLUICE_PUBLIC_URL); until then use a code.',
  factor_missing: 'Add a passkey on the page of your passkeys. Who has one and lacks codes asks two others: `sluice factors reset`.',
  factor_resting: 'Wait until it has rested, or ask somebody else to open this gate.',
  factor_locked: 'Wait for that time. If it was not you, tell whoever manages people.',
  otp_step_used: 'Wait for the next code, then type that.',
  code_wrong: 'Type the code that the authenticator shows now.',
  password_wrong: 'Type your present password.',
  insufficient_funds: `After that, ${LOOK_AGAIN.toLowerCase()}`,
  too_many_factors: 'Remove one that you no longer use: `sluice factors remove`.',
};

/** What a browser says of a passkey that was not made or not used, by the name of its DOMException (WebAuthn level 3). */
const OF_BROWSER = {
  NotAllowedError: {
    title: 'No passkey was used',
    detail: 'It was broken off, it took too long, or this device has none that fits.',
    next: 'Try again, or take the device that has your passkey.',
  },
  InvalidStateError: {
    title: 'This device has a passkey of yours already',
    detail: 'One is enough: it works for signing in and for gates.',
    next: 'Use that one, or add one on another device.',
  },
  SecurityError: {
    title: 'Passkeys do not work at this address',
    detail: 'The server expects them under another host name.',
    next: 'Open the address that Sluice is known by (SLUICE_PUBLIC_URL); on the machine itself http://localhost, not a number.',
  },
  NotSupportedError: {
    title: 'This device cannot make such a passkey',
    detail: 'It knows none of the signatures that Sluice takes, or does not ask who you are.',
    next: 'Use another device, or a security key with a PIN.',
  },
};

/** Title, detail, next step, single faults, and the request to name when somebody is asked for help. */
export const problemText = (error) => {
  if (error instanceof Refused) {
    const { title, detail, code, errors = [], request_id } = error.problem;
    const wait = error.problem.retry_after_seconds;
    const next = NEXT[code] ?? (wait ? `Try again in ${Math.ceil(wait)} s.` : 'Try again. If it stays, tell whoever runs Sluice.');
    return { title, detail, next, faults: errors.map(({ field, message }) => `${field}: ${message}`), request: `${code}, request ${request_id}` };
  }
  if (error instanceof NoAnswer)
    return {
      title: 'No answer came',
      detail: error.mayBeDone ? `Nobody knows yet whether it was done. ${error.message}` : error.message,
      next: 'Load this page again: it shows how things stand.',
    };
  return OF_BROWSER[error.name] ?? { title: 'Something went wrong', detail: String(error.message ?? error), next: 'Load this page again.' };
};
