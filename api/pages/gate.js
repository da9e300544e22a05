// The page of one gate: it asks for a challenge, shows it, and has the passkey sign that very object.
import { signsWhatIsShown } from './binding.js';
import { call, Refused } from './call.js';
import { challengeShown, VERBS } from './challenge.js';
import { getPasskey, unsupported } from './credentials.js';
import { busy, element, printable, say, sayFailure, show } from './elements.js';
import { doorOf, namedWorkspace, whoIsHere } from './sign-in.js';
import { clockText } from './text.js';

const BATCH = /^batch_[0-9a-f]{32}$/;
const NEXT_GATE = { approve: 'authorize', authorize: 'execute' };
/** After these nothing of the old challenge is of use. */
const OVER = ['challenge_stale', 'challenge_expired', 'challenge_used', 'challenge_unknown', 'wrong_state', 'gate_deadline_passed'];
/** When the end of a challenge is said aloud. */
const SOON_MS = 60_000;

/** What the address names, or null. Both become parts of paths, so nothing but an id and the name of a gate passes. */
const asked = () => {
  const named = new URLSearchParams(location.search);
  const [batch, gate] = [named.get('batch') ?? '', named.get('gate') ?? ''];
  return BATCH.test(batch) && Object.hasOwn(VERBS, gate) ? { batch, gate } : null;
};

/** Ends the countdown of the challenge before. */
let forget = () => {};

const leave = (...children) => {
  forget();
  show(...children);
};

const signedIn = async (session) => {
  const where = namedWorkspace();
  if (where !== null && where !== session.workspace.id) {
    leave(whoIsHere(session, signedOut));
    return sayFailure({
      title: 'The batch is in another workspace',
      detail: `You are signed in to ${session.workspace.name}.`,
      next: 'Sign out, then sign in here again: that leads to the workspace of the batch.',
    });
  }
  await ask(session);
};

const { failed, signedOut, begin } = doorOf(signedIn, leave);

/** Asks what would be paid, and shows it. Every look is a new challenge. */
const ask = async (session) => {
  const { batch, gate } = asked();
  leave(whoIsHere(session, signedOut));
  say('Asking what would be paid…');
  try {
    const { resource: challenge, askedAt } = await call('POST', `payout-batches/${batch}/challenges`, { gate });
    if (challenge.batch_id !== batch || challenge.gate !== gate) throw new Error('The server answered about another batch.');
    present(session, challenge, askedAt);
  } catch (error) {
    if (!failed(error)) leave(whoIsHere(session, signedOut), element('p', {}, lookAgain(session)), passkeysLink());
  }
};

const lookAgain = (session) => element('button', { type: 'button', id: 'look-again', onclick: () => ask(session) }, 'Look again');

const passkeysLink = () => element('p', {}, element('a', { href: '../passkeys' }, 'Your passkeys'));

const present = (session, challenge, askedAt) => {
  const left = countdown(challenge, askedAt, () => over('The time to answer is over. Look again.'));
  const actions = element('div', { id: 'actions' });
  const over = (text) => {
    forget();
    left.element.replaceChildren();
    actions.replaceChildren(element('p', {}, lookAgain(session)));
    if (text) say(text);
  };
  const sign = async () => {
    const missing = unsupported();
    if (missing) return sayFailure(missing);
    if (!(await signsWhatIsShown(challenge, session)))
      throw new Error('The passkey would sign something else than this page shows. Nothing was signed.');
    const passkey = await getPasskey(challenge.passkey);
    say('Opening the gate…');
    const { resource: batch } = await call('POST', `payout-batches/${challenge.batch_id}/${challenge.gate}`, { challenge_id: challenge.id, passkey });
    opened(session, challenge, batch);
  };
  const signFailed = (error) => {
    failed(error);
    if (error instanceof Refused && OVER.includes(error.problem.code)) over('');
  };
  const button = element(
    'button',
    { type: 'button', class: 'main', id: 'open', onclick: () => busy(button, 'Waiting for your passkey…', sign, signFailed) },
    `${VERBS[challenge.gate]} with passkey`,
  );
  actions.append(...(challenge.passkey ? [element('p', {}, button)] : noPasskey(challenge)));
  document.getElementById('title').replaceChildren(`${VERBS[challenge.gate]} a payout batch`);
  document.title = `${VERBS[challenge.gate]} a payout batch · Sluice`;
  show(
    whoIsHere(session, signedOut),
    element('section', { id: 'challenge', tabindex: '-1', 'aria-labelledby': 'title' }, ...challengeShown(challenge).filter((part) => part !== null)),
    left.element,
    actions,
  );
  left.start();
  say('Read what would be paid, then decide.');
  document.getElementById('challenge').focus();
};

const noPasskey = ({ gate, batch_id }) => [
  element('p', { class: 'warning' }, 'You have no passkey that opens gates yet. A new one rests first; the page of your passkeys says until when.'),
  element('p', {}, 'A code of an authenticator app opens the gate too: ', element('code', {}, `sluice batch ${gate} ${batch_id}`)),
  passkeysLink(),
];

/** How long the challenge may be answered, by the server's clock. It is said aloud once, a minute before. */
const countdown = ({ expires_at }, askedAt, onOver) => {
  const end = performance.now() + Date.parse(expires_at) - askedAt;
  const clock = element('strong', {}, clockText(end - performance.now()));
  let isSaid = end - performance.now() < SOON_MS;
  const tick = () => {
    const ms = end - performance.now();
    clock.replaceChildren(clockText(ms));
    if (ms <= 0) return onOver();
    if (ms < SOON_MS && !isSaid) {
      isSaid = true;
      say('One minute is left to answer.');
    }
  };
  return {
    element: element('p', { role: 'timer' }, 'Time to answer: ', clock),
    start: () => {
      forget();
      const timer = setInterval(tick, 1_000);
      forget = () => {
        clearInterval(timer);
        forget = () => {};
      };
    },
  };
};

const opened = (session, challenge, batch) => {
  const next = NEXT_GATE[challenge.gate];
  leave(
    whoIsHere(session, signedOut),
    element(
      'section',
      { id: 'opened', tabindex: '-1', 'aria-label': 'Opened' },
      element('h2', {}, 'The gate is open'),
      element('p', {}, `The batch is ${batch.state} now: ${batch.id}, digest `, element('code', {}, challenge.digest), '.'),
      next
        ? element(
            'p',
            {},
            `Somebody else has to ${next} it, at this address: `,
            element('code', { id: 'next' }, addressOf(challenge.batch_id, next, session)),
          )
        : element('p', {}, 'Its payments are being sent.'),
      element('p', {}, 'You may close this page.'),
    ),
  );
  say(printable(`Done: the batch is ${batch.state}.`));
  document.getElementById('opened').focus();
};

/** The page of another gate, made of nothing that this page's own address brought. */
const addressOf = (batch, gate, { workspace }) =>
  `${location.origin}${location.pathname}?${new URLSearchParams({ batch, gate, workspace: workspace.id })}`;

if (asked() === null) {
  sayFailure({
    title: 'This address names no gate',
    detail: 'It needs the id of a batch and one of approve, authorize, execute.',
    next: 'Take the address that `sluice batch approve BATCH --passkey` prints.',
  });
} else await begin('Sign in to see what would be paid.');
