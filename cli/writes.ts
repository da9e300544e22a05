import type { Standing as HowItEnded, Watch, Write } from '../client/watch.js';
import type { ROUTES, RouteId } from '../contracts/routes.js';
import type { Standing } from './break-off.js';
import { quoted } from './quoted.js';

type Writing = { [Id in RouteId]: (typeof ROUTES)[Id] extends { method: 'GET' } ? never : Id }[RouteId];

/** The members that name what a request is about. */
type Input = Readonly<Record<string, string | undefined>>;

interface Deed {
  /** What may have happened. */
  may: string;
  /** The command that shows whether it did. */
  look: (input: Input) => string;
  /** Sent once more it would be done once more; with its key it is not. */
  again?: true;
  /** What is gone when its answer was not read. */
  lost?: string;
}

const showBatch = ({ batch_id = '' }: Input): string => `sluice batch show ${batch_id}`;
const showPayee = ({ payee_id = '' }: Input): string => `sluice payee show ${payee_id}`;
const showException = ({ exception_id = '' }: Input): string => `sluice exceptions show ${exception_id}`;
const showTenant = ({ workspace_id = '' }: Input): string => `sluice tenant show ${workspace_id}`;
const onBatch = (may: string): Deed => ({ may: `the batch may have been ${may}`, look: showBatch });

/** Every route that changes something, so that no command can leave one without a word. Null: what it makes is of no use without what follows. */
const DEEDS: Readonly<Record<Exclude<Writing, 'receive_inbound'>, Deed | null>> = {
  create_session: { may: 'you may be signed in at the server', look: () => 'sluice login' },
  // Passkeys are of browsers, and the command line only leads to their pages.
  ask_passkey_session: null,
  create_passkey_session: { may: 'you may be signed in at the server', look: () => 'sluice sessions list' },
  enrol_passkey: null,
  confirm_passkey: {
    may: 'the passkey may count; if it is your first factor, its recovery codes are lost then, and others come with a reset by two people',
    look: () => 'sluice factors list',
    lost: 'If it is your first factor, its recovery codes are lost; others come with a reset by two people.',
  },
  end_session: { may: 'the session may have ended', look: () => 'sluice whoami' },
  end_other_session: { may: 'the session may have ended', look: () => 'sluice sessions list' },
  end_other_sessions: { may: 'your other sessions may have ended', look: () => 'sluice sessions list' },
  change_password: { may: 'the password may be the new one', look: () => 'sluice login' },
  enrol_factor: {
    may: 'the factor may have been made; its secret is lost then, and it counts for nothing, so begin again',
    look: () => 'sluice factors list',
    lost: 'The secret of the factor is lost, and it counts for nothing, so begin again.',
  },
  confirm_factor: {
    may: 'the factor may count; if it is your first, its recovery codes are lost then, so make new ones',
    look: () => 'sluice factors list',
    lost: 'If it is your first, its recovery codes are lost, so make new ones.',
  },
  remove_factor: { may: 'the factor may have been removed', look: () => 'sluice factors list' },
  renew_recovery_codes: {
    may: 'the old recovery codes may be void; the new ones are lost then, so make others',
    look: () => 'sluice factors list',
    lost: 'The new recovery codes are lost, so make others.',
  },
  ask_factor_reset: { may: 'the reset may wait for somebody', look: () => 'sluice factors list' },
  propose_factor_reset: { may: 'the reset may wait for somebody', look: () => 'sluice audit trail' },
  confirm_factor_reset: { may: 'the factors may have been taken away', look: () => 'sluice audit trail' },
  create_api_key: {
    may: 'the key may have been made; its secret is lost then, so revoke it',
    look: () => 'sluice keys list',
    lost: 'The secret of the key is lost, so revoke it.',
  },
  rotate_api_key: {
    may: 'the key may have been rotated; the new secret is lost then, so rotate the key that took its place',
    look: () => 'sluice keys list',
    lost: 'The new secret is lost, so rotate the key that took the place of the old one.',
  },
  resume_api_key: { may: 'the key may go on', look: () => 'sluice keys list' },
  revoke_api_key: { may: 'the key may have been revoked', look: () => 'sluice keys list' },
  set_person_roles: { may: 'the member may have these roles', look: () => 'sluice people list' },
  disable_person: { may: 'the member may be disabled', look: () => 'sluice people list' },
  enable_person: { may: 'the member may be enabled', look: () => 'sluice people list' },
  create_invitation: { may: 'the invitation may have been sent', look: () => 'sluice invitations list' },
  revoke_invitation: { may: 'the invitation may have been withdrawn', look: () => 'sluice invitations list' },
  accept_invitation: { may: 'the invitation may have been accepted', look: () => 'sluice login' },
  ask_password_reset: { may: 'a letter may be on its way', look: () => 'sluice password reset --token' },
  complete_password_reset: { may: 'the password may be the new one', look: () => 'sluice login' },
  ask_email_verification: { may: 'a letter may be on its way', look: () => 'sluice verify-email --token' },
  complete_email_verification: { may: 'the address may be proven', look: () => 'sluice people list' },
  define_role: { may: 'the role may have been defined', look: () => 'sluice roles list' },
  edit_role: { may: 'the role may have been changed', look: () => 'sluice roles list' },
  delete_role: { may: 'the role may have been deleted', look: () => 'sluice roles list' },
  create_signing_key: {
    may: 'the signing key may have been made; its secret is lost then, so revoke it',
    look: ({ key_id = '' }) => `sluice signing list ${key_id}`,
    lost: 'The secret of the signing key is lost, so revoke it.',
  },
  revoke_signing_key: { may: 'the signing key may have been revoked', look: ({ key_id = '' }) => `sluice signing list ${key_id}` },
  require_signing: { may: 'calls may have to be signed now', look: () => 'sluice signing show' },
  allow_unsigned: { may: 'calls may need no signature any more', look: () => 'sluice signing show' },
  set_anomaly_rule: { may: 'the thresholds may be the new ones', look: () => 'sluice security show' },
  create_payee: {
    may: 'the payee may have been added',
    look: ({ reference = '' }) => `sluice payee show ${quoted(reference)}`,
  },
  edit_payee: { may: 'the payee may have been corrected', look: showPayee },
  add_destination: { may: 'the destination may have been added', look: showPayee, again: true },
  hold_payee: { may: 'the payee may be held', look: showPayee },
  release_payee: { may: 'the payee may have been released', look: showPayee },
  create_payout_batch: {
    may: 'the batch may have been made',
    look: ({ external_id }) => (external_id === undefined ? 'sluice batch list' : `sluice batch show ${quoted(external_id)}`),
    again: true,
  },
  edit_payout_batch: onBatch('changed'),
  submit_payout_batch: onBatch('submitted'),
  reject_payout_batch: onBatch('rejected'),
  cancel_payout_batch: onBatch('cancelled'),
  pause_payout_batch: onBatch('paused'),
  resume_payout_batch: onBatch('resumed'),
  ask_challenge: null,
  approve_payout_batch: onBatch('approved'),
  authorize_payout_batch: onBatch('authorized'),
  execute_payout_batch: onBatch('executed'),
  create_account: { may: 'the account may have been made', look: () => 'sluice ledger accounts' },
  top_up: {
    may: 'the money may be in the account',
    look: ({ account_id = '' }) => `sluice ledger transfers --account ${account_id}`,
    again: true,
  },
  assign_exception: { may: 'the exception may have been assigned', look: showException },
  comment_exception: { may: 'the comment may have been written', look: showException, again: true },
  propose_resolution: { may: 'the proposal may have been made', look: showException },
  ask_proposal_challenge: null,
  confirm_proposal: { may: 'the proposal may have been confirmed', look: () => 'sluice exceptions list --all' },
  withdraw_proposal: { may: 'the proposal may have been withdrawn', look: () => 'sluice exceptions list' },
  discard_parked_evidence: { may: 'the evidence may have been discarded', look: () => 'sluice parked list' },
  discard_delivery: { may: 'the delivery may have been discarded', look: () => 'sluice deliveries list' },
  replay_deliveries: { may: 'the deliveries may be due again, which is always safe', look: () => 'sluice deliveries list' },
  create_tenant: { may: 'the organization may have been made', look: () => 'sluice tenant list', again: true },
  stop_workspace: { may: 'the workspace may be stopped', look: () => 'sluice workspace show' },
  lift_stop: { may: 'the stop may be lifted, or wait for somebody else', look: () => 'sluice workspace show' },
  invite_owner: { may: 'the letter may be on its way', look: showTenant },
  freeze_organization: { may: 'the workspaces may be stopped', look: () => 'sluice tenant list' },
  thaw_organization: { may: 'the thaw may have been asked for', look: () => 'sluice tenant list' },
  confirm_organization_freeze: { may: 'it may have been confirmed', look: () => 'sluice tenant list' },
  withdraw_organization_freeze: { may: 'it may have been withdrawn', look: () => 'sluice tenant list' },
  set_tenant_plan: { may: 'the plan may have been changed', look: showTenant },
  freeze_tenant: { may: 'the workspace may be stopped', look: showTenant },
  thaw_tenant: { may: 'the thaw may have been asked for', look: showTenant },
  confirm_freeze: { may: 'it may have been confirmed', look: showTenant },
  withdraw_freeze: { may: 'it may have been withdrawn', look: showTenant },
  propose_recovery: { may: 'the recovery may have been proposed', look: () => 'sluice recover' },
};

/** What a command has asked the server to change. */
export interface Writes {
  watch: Watch;
  /** For when the command is broken off. */
  standing(): Standing;
  /** For when its output is lost. Null when nothing may have been changed. */
  unread(): Standing | null;
  /** For when it failed and nobody knows whether it was done. Null when that is known, or when a repeat does no harm. */
  doubt(): Standing | null;
  /** For when its answer is the stored one of an earlier request with its key. Null when it is not. */
  replayed(): Standing | null;
}

interface Last {
  write: Write;
  deed: Deed;
  how: HowItEnded;
  isReplay: boolean;
}

export const createWrites = (): Writes => {
  let last: Last | null = null;
  return {
    watch: (write, how, isReplay) => {
      const deed = (DEEDS as Readonly<Record<string, Deed | null>>)[write.route];
      if (deed) last = { write, deed, how, isReplay };
    },
    standing: () => {
      if (last === null || last.how === 'refused') return { message: 'Broken off; nothing was changed.', hint: null };
      return left(last, last.how === 'done' ? 'Broken off after the server had done it.' : 'Broken off before the server answered:');
    },
    unread: () => (last === null || last.how === 'refused' ? null : left(last, last.how === 'done' ? 'The server had done it.' : 'No answer came:')),
    doubt: () => (last?.how === 'unknown' && last.deed.again ? left(last, 'This leaves open whether it was done:') : null),
    replayed: () => {
      if (!last?.isReplay) return null;
      const said =
        last.how === 'refused'
          ? 'This refusal is the stored answer of an earlier request with this key: nothing was tried this time. Use another key to try it again.'
          : 'This was done already, with this key: nothing was done this time, and what is shown is the answer of then.';
      return { message: said, hint: last.how === 'refused' ? null : look(last) };
    },
  };
};

const look = ({ write, deed }: Last): string => deed.look(write.input as Input);

/** What a request leaves whose answer nobody read, and how it is repeated without doing it twice. */
const left = (last: Last, said: string): Standing => {
  const { write, deed, how } = last;
  const [known, rest] = how === 'done' ? [said, deed.lost] : [`${said} ${deed.may}.`, undefined];
  const key = deed.again && write.idempotencyKey ? `To repeat it without doing it twice, add --idempotency-key ${write.idempotencyKey}` : undefined;
  return { message: [known, rest, key].filter((part) => part !== undefined).join(' '), hint: look(last) };
};
