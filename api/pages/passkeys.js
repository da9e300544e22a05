// The page of a person's passkeys: sign in, look at one's second factors, add a passkey, sign out.
import { call } from './call.js';
import { createPasskey, unsupported } from './credentials.js';
import { element, field, form, say, sayFailure, show, tableOf } from './elements.js';
import { doorOf, whoIsHere } from './sign-in.js';
import { timeText } from './text.js';

const KINDS = { totp: 'authenticator app', passkey: 'passkey' };

const signedIn = async (session) => {
  say('Loading your second factors…');
  try {
    await showFactors(session);
    say('');
    document.getElementById('factors').focus();
  } catch (error) {
    failed(error);
  }
};

const { failed, signedOut, begin } = doorOf(signedIn, show);

/** `fresh` is what an added passkey answered: its recovery codes are on the screen this once. */
const showFactors = async (session, fresh = null) => {
  const { resource: factors } = await call('GET', 'factors');
  const codes = fresh?.recovery_codes ?? [];
  show(
    whoIsHere(session, signedOut),
    session.advice ? element('p', { class: 'note' }, session.advice) : null,
    codes.length > 0 ? recoveryCodes(codes) : null,
    listOf(factors),
    adding(session, factors),
  );
};

const listOf = ({ data, recovery_codes_left: left }) =>
  element(
    'section',
    { 'aria-labelledby': 'factors' },
    element('h2', { id: 'factors', tabindex: '-1' }, 'Your second factors'),
    data.length === 0
      ? element('p', {}, 'You have none yet. Add a passkey below.')
      : tableOf({
          title: 'Second factors',
          columns: ['Name', 'Kind', 'State', 'Added', 'Opens gates from', 'Last used'],
          rows: data.map((one) => [
            ...[one.name, KINDS[one.kind] ?? one.kind, one.state, timeText(one.created_at)],
            ...[timeText(one.decides_from), timeText(one.last_used_at)],
          ]),
        }),
    element('p', {}, `Recovery codes left: ${left}. To remove a factor or make new codes: sluice factors --help`),
  );

/** Whoever has a factor proves themselves by a code, and who has none by the password. */
const adding = (session, { data }) => {
  const hasFactor = data.some(({ state }) => state === 'active');
  const proof = hasFactor
    ? field('proof', 'Code', 'Of your authenticator app, or a recovery code.', { type: 'text', autocomplete: 'one-time-code', spellcheck: 'false' })
    : field('proof', 'Present password', null, { type: 'password', autocomplete: 'current-password' });
  proof.querySelector('input').required = true;
  const work = async (typed) => {
    const missing = unsupported();
    if (missing) return sayFailure(missing);
    const given = hasFactor ? { code: typed.proof.trim() } : { password: typed.proof };
    const { resource: enrolment } = await call('POST', 'factors/passkeys', { name: typed.name.trim(), ...given });
    say('Waiting for your device to make the passkey…');
    const credential = await createPasskey(enrolment.options);
    const { resource: factor } = await call('POST', `factors/${encodeURIComponent(enrolment.id)}/passkey`, { credential });
    await showFactors(session, factor);
    say(`${factor.name} is added. It signs you in from now on, and opens gates from ${timeText(factor.decides_from) ?? 'now'} on.`);
    document.getElementById(factor.recovery_codes?.length > 0 ? 'recovery-codes' : 'factors').focus();
  };
  return element(
    'section',
    { 'aria-labelledby': 'add' },
    element('h2', { id: 'add' }, 'Add a passkey'),
    element('p', {}, 'This device, your phone or a security key keeps it, and asks for your finger, face or PIN each time.'),
    form(
      'Add a passkey',
      { wait: 'Checking…', button: 'Add a passkey', work, onFailure: failed },
      field('name', 'Name', 'What you call it, such as laptop.', { type: 'text', required: '', maxlength: '60', autocomplete: 'off' }),
      proof,
    ),
  );
};

const recoveryCodes = (codes) =>
  element(
    'section',
    { 'aria-labelledby': 'recovery-codes', class: 'note' },
    element('h2', { id: 'recovery-codes', tabindex: '-1' }, 'Your recovery codes, shown this once'),
    element('p', {}, 'Keep them where the passkey is not, on paper or in a password safe. Each one signs you in once when the passkey is lost.'),
    element('ol', { class: 'codes' }, ...codes.map((code) => element('li', {}, element('code', {}, code)))),
    element('p', {}, 'Permissions that slept without a second factor wake when you sign in again.'),
  );

await begin('');
