// Signing in, as both pages show it: with a passkey alone, or with e-mail, password and code.
import { call, findSession, Refused, SIGNED_OUT } from './call.js';
import { getPasskey, unsupported } from './credentials.js';
import { busy, element, field, form, say, sayFailure } from './elements.js';
import { problemText } from './problem.js';

const WORKSPACE = /^ws_[0-9a-f]{32}$/;

/** The workspace that the address of the page names, for people who belong to several; null for none. */
export const namedWorkspace = () => {
  const named = new URLSearchParams(location.search).get('workspace');
  return named !== null && WORKSPACE.test(named) ? named : null;
};

/** The two ways in. `onSession` gets the session. */
export const signIn = (onSession) => {
  const where = namedWorkspace();
  const workspace = where === null ? {} : { workspace_id: where };
  const failed = (error) => sayFailure(problemText(error));

  const byPasskey = async () => {
    const missing = unsupported();
    if (missing) return sayFailure(missing);
    const { resource: request } = await call('POST', 'sessions/passkey-options', {});
    const credential = await getPasskey(request.options);
    onSession((await call('POST', 'sessions/passkey', { request_id: request.id, credential, ...workspace })).resource);
  };
  const byPassword = async ({ email, password, code }) => {
    const typed = { email: email.trim(), password, ...(code.trim() === '' ? {} : { code: code.trim() }), ...workspace };
    onSession((await call('POST', 'sessions', typed)).resource);
  };

  const passkey = element(
    'button',
    { type: 'button', class: 'main', onclick: () => busy(passkey, 'Waiting for your passkey…', byPasskey, failed) },
    'Sign in with a passkey',
  );
  return element(
    'section',
    { 'aria-labelledby': 'sign-in' },
    element('h2', { id: 'sign-in', tabindex: '-1' }, 'Sign in'),
    element('p', {}, passkey),
    element('h3', {}, 'Or with password and code'),
    form(
      'Sign in with password and code',
      { wait: 'Signing in…', button: 'Sign in', work: byPassword, onFailure: failed },
      field('email', 'E-mail', null, { type: 'email', autocomplete: 'username', required: '', maxlength: '254' }),
      field('password', 'Password', null, { type: 'password', autocomplete: 'current-password', required: '' }),
      field('code', 'Code', 'Of your authenticator, or a recovery code. Leave it empty if you have no second factor yet.', {
        type: 'text',
        autocomplete: 'one-time-code',
        autocapitalize: 'none',
        spellcheck: 'false',
      }),
    ),
  );
};

/** How a page is come into and left: `signedIn` shows it to whoever has signed in, and `put` puts something in the place of what is shown. */
export const doorOf = (signedIn, put) => {
  /** Says why something failed. True when the session was over: then the ways in are shown. */
  const failed = (error) => {
    sayFailure(problemText(error));
    const isOut = error instanceof Refused && SIGNED_OUT.includes(error.problem.code);
    if (isOut) put(signIn(signedIn));
    return isOut;
  };
  return {
    failed,
    signedOut: () => {
      put(signIn(signedIn));
      say('You are signed out.');
      document.getElementById('sign-in').focus();
    },
    /** As whoever is signed in here already; `invitation` is said to others. */
    begin: async (invitation) => {
      try {
        const session = await findSession();
        if (session) return await signedIn(session);
        put(signIn(signedIn));
        say(invitation);
      } catch (error) {
        failed(error);
      }
    },
  };
};

/** Who is signed in and where, with a way out. */
export const whoIsHere = ({ person, workspace }, onSignedOut) => {
  const out = element(
    'button',
    {
      type: 'button',
      onclick: () =>
        busy(
          out,
          'Signing out…',
          async () => {
            await call('DELETE', 'sessions/current');
            onSignedOut();
          },
          (error) => sayFailure(problemText(error)),
        ),
    },
    'Sign out',
  );
  return element(
    'section',
    { 'aria-label': 'Signed in', class: 'who' },
    element(
      'p',
      { id: 'who' },
      `Signed in as ${person.name} <${person.email}>, ${person.roles.join(', ')}, in ${workspace.name} (${workspace.mode}).`,
    ),
    element('p', {}, out),
  );
};
