import { linkOf } from '../domain/email-link.js';
import type { Addressee, Letter, Letters, Template } from '../domain/letter.js';
import { inLine } from './in-line.js';

/** A letter as people read it: English, plain text, lines of at most 76 characters but for names and addresses. */
export interface Rendered {
  subject: string;
  text: string;
}

const NOT_YOU = `If it was not you: somebody uses your account. Tell an administrator of your
workspace at once, and change your password.`;

/** The sentences of each letter. Whatever is filled in and was chosen by somebody goes through `inLine`. */
const TEMPLATES: { readonly [Name in Template]: (params: Letters[Name], publicUrl: string) => Rendered } = {
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
  factor_added: ({ name, at, gates_from }) => ({
    subject: 'A second factor was added to your account',
    text: `Since ${momentOf(at)} this second factor counts for your account
at Sluice:

  ${inLine(name)}

It opens no gate before ${momentOf(gates_from)}.

${NOT_YOU}`,
  }),
  factor_removed: ({ name, at }) => ({
    subject: 'A second factor of your account was removed',
    text: `Since ${momentOf(at)} this second factor does not count any
more for your account at Sluice:

  ${inLine(name)}

${NOT_YOU}`,
  }),
  recovery_codes_made: ({ at }) => ({
    subject: 'There are new recovery codes for your account',
    text: `On ${momentOf(at)} new recovery codes were made for your account
at Sluice. The old ones are void.

${NOT_YOU}`,
  }),
  recovery_code_used: ({ at, left }) => ({
    subject: 'A recovery code of your account was used',
    text: `On ${momentOf(at)} a recovery code was used for your account at
Sluice, in the place of a code of your authenticator. Codes that are
left: ${left}.

If it was you: it is used up. With \`sluice factors recovery-codes\` you get
ten new ones.

${NOT_YOU}`,
  }),
  factor_reset_asked: ({ by, workspace, at, until }) => ({
    subject: 'Your second factors are to be taken away',
    text: `On ${momentOf(at)} this person asked that all your second factors
at Sluice are taken away:

  ${inLine(by)}
  workspace: ${inLine(workspace)}

It is done if a second person confirms it before
${momentOf(until)}.

If you have lost your authenticator and asked for it: there is nothing to
do. Otherwise tell another administrator of your workspace at once.`,
  }),
  factors_reset: ({ by, workspace, at }) => ({
    subject: 'Your second factors were taken away',
    text: `On ${momentOf(at)} all your second factors and recovery codes at
Sluice were taken away, and you were signed out everywhere. A second person
confirmed it:

  ${inLine(by)}
  workspace: ${inLine(workspace)}

Sign in with your password, without a code, and enrol a second factor at
once: until then nothing but your password protects the account.

If you did not know of this: change your password, and tell another
administrator of your workspace.`,
  }),
  invitation: ({ workspace, inviter, roles, token, expires_at }, publicUrl) => ({
    subject: `You are invited to ${inLine(workspace)} at Sluice`,
    text: `You are invited to work in this workspace at Sluice:

    ${inLine(workspace)}

    invited by   ${inLine(inviter)}
    roles        ${inLine(roles)}

To accept, run this, and paste the link when it asks for it:

    sluice --url ${new URL(publicUrl).origin} accept

    ${linkOf(publicUrl, token)}

${oneTime(expires_at)}

If you do not know who invited you, do nothing.`,
  }),
  password_reset: ({ token, expires_at }, publicUrl) => ({
    subject: 'Reset your password at Sluice',
    text: `Somebody, you we hope, asked to reset your password at Sluice. To choose a
new one, run this, and paste the link when it asks for it:

    sluice --url ${new URL(publicUrl).origin} password reset --token

    ${linkOf(publicUrl, token)}

${oneTime(expires_at)}
A newer letter of this kind takes its place. Your sessions end, and your
second factor stays as it is.

If it was not you: do nothing. Your password stays as it is.`,
  }),
  password_was_reset: ({ at }) => ({
    subject: 'Your password at Sluice was reset',
    text: `Your password at Sluice was reset by the link of a letter to this address,
on ${momentOf(at)}. All your sessions have ended.

If it was you: sign in with the new password. Your second factor is the one
that it was.

If it was not you: somebody reads your letters. Tell an administrator of your
workspace at once, and see who else can open your mailbox.`,
  }),
  email_verification: ({ token, expires_at }, publicUrl) => ({
    subject: 'Prove your e-mail address at Sluice',
    text: `You asked to prove that you read what is sent to this address. Run this,
and paste the link when it asks for it:

    sluice --url ${new URL(publicUrl).origin} verify-email --token

    ${linkOf(publicUrl, token)}

${oneTime(expires_at)}
A newer letter of this kind takes its place.

If it was not you: do nothing.`,
  }),
  anomaly: (params) => ({
    subject: `Unusually many refused requests in ${inLine(params.workspace)}`,
    text: `${refusedOften(params)}

Each of these was refused. If you do not know why, ask whoever it is, and
look into the audit log: \`sluice audit trail\`. A key whose secret may be
known to others is revoked at once by \`sluice keys revoke\`.`,
  }),
  key_suspended: (params) => ({
    subject: `An API key of ${inLine(params.workspace)} is suspended`,
    text: `${refusedOften(params)}

The key is suspended: it is refused from now on, and its program stands
still. Whoever sent these requests has its secret. When it was not your own
program, put another secret in its place, or revoke it:

    sluice keys rotate ${inLine(params.key_id)}
    sluice keys revoke ${inLine(params.key_id)}

When it was, and what was wrong is mended, let it go on:

    sluice keys resume ${inLine(params.key_id)}`,
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
  const { subject, text } = (TEMPLATES[template] as (params: Letters[Template], publicUrl: string) => Rendered)(params, publicUrl);
  return { subject, text: `Hello ${inLine(to.name)},\n\n${text}\n\nSluice at ${new URL(publicUrl).origin}\nNobody reads answers to this address.\n` };
};

/** What every letter with a link says of it. */
const oneTime = (expiresAt: string): string => `The link works once, until ${momentOf(expiresAt)}. Show it to nobody.`;

/** What the letters about refused requests begin with. */
const refusedOften = ({
  workspace,
  who,
  what,
  count,
  minutes,
  network,
  at,
}: Letters['anomaly']): string => `Within ${minutes} minutes this was refused in a workspace at Sluice:

    ${inLine(what)}

    how often    ${count}
    whose        ${inLine(who)}
    workspace    ${inLine(workspace)}
    last from    ${inLine(network)}
    last on      ${momentOf(at)}`;

/** `2026-11-28 14:05:30 UTC` */
const momentOf = (time: string): string => `${time.slice(0, 10)} ${clockOf(time)}`;

/** `14:05:30 UTC` */
const clockOf = (time: string): string => `${time.slice(11, 19)} UTC`;
