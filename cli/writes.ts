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
}

const showBatch = ({ batch_id = '' }: Input): string => `sluice batch show ${batch_id}`;
const showPayee = ({ payee_id = '' }: Input): string => `sluice payee show ${payee_id}`;
const showException = ({ exception_id = '' }: Input): string => `sluice exceptions show ${exception_id}`;
const onBatch = (may: string): Deed => ({ may: `the batch may have been ${may}`, look: showBatch });

/** Every route that changes something, so that no command can leave one without a word. Null: what it makes is of no use without what follows. */
const DEEDS: Readonly<Record<Exclude<Writing, 'receive_inbound'>, Deed | null>> = {
  create_session: { may: 'you may be signed in at the server', look: () => 'sluice login' },
  end_session: { may: 'the session may have ended', look: () => 'sluice whoami' },
  create_api_key: { may: 'the key may have been made; its secret is lost then, so revoke it', look: () => 'sluice keys list' },
  revoke_api_key: { may: 'the key may have been revoked', look: () => 'sluice keys list' },
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
  propose_recovery: { may: 'the recovery may have been proposed', look: () => 'sluice recover' },
};

/** What a command has asked the server to change, for when it is broken off. */
export interface Writes {
  watch: Watch;
  standing(): Standing;
}

export const createWrites = (): Writes => {
  let last: { write: Write; deed: Deed; how: HowItEnded } | null = null;
  return {
    watch: (write, how) => {
      const deed = (DEEDS as Readonly<Record<string, Deed | null>>)[write.route];
      if (deed) last = { write, deed, how };
    },
    standing: () => {
      if (last === null || last.how === 'refused') return { message: 'Broken off; nothing was changed.', hint: null };
      const { write, deed, how } = last;
      const look = deed.look(write.input as Input);
      if (how === 'done') return { message: 'Broken off after the server had done it.', hint: look };
      const key = deed.again && write.idempotencyKey ? ` To repeat it without doing it twice, add --idempotency-key ${write.idempotencyKey}` : '';
      return { message: `Broken off before the server answered: ${deed.may}.${key}`, hint: look };
    },
  };
};
