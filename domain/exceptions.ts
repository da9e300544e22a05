import type { ItemState } from './item/states.js';
import { groupedMoney } from './money.js';

interface ResolutionRow {
  /** How many people it takes. */
  people: 1 | 2;
  /** What it does to the money, as a sentence: `items` is `1 item is` or `3 items are`, `sum` their amount. */
  effect(items: string, sum: string): string;
}

/** How a person may end an exception. */
export const RESOLUTIONS = {
  /** The provider paid the items; each has the provider's reference. */
  provider_paid: { people: 2, effect: (items, sum) => `${items} booked as paid: ${sum} leave the hold.` },
  /** The provider has not paid the items and never will; their money is given back. */
  provider_never_got: { people: 2, effect: (items, sum) => `${items} failed: ${sum} leave the hold and go back to the funding account.` },
  /** The content of the batch is again what its gates signed. */
  content_restored: { people: 2, effect: () => 'The batch goes on: what of it was not sent yet is paid as its gates signed it.' },
  /** What was lost was got back, or is written off; the books stay as the evidence says. */
  made_good: { people: 2, effect: () => 'No money moves: the exception ends, and the books stay as they are.' },
  /** The database was restored from a backup: its batches are in doubt, and the installation goes on under a new identity. */
  recover: {
    people: 2,
    effect: () => 'No money moves at once: open items are looked up before anything is sent, and batches that execute are paused.',
  },
  /** A person has looked into it, and nothing is left to do. */
  looked_into: { people: 1, effect: () => 'No money moves: the exception ends.' },
  /** Ask the provider again at once. It settles nothing, so one person is enough, and the exception stays open. */
  keep_asking: { people: 1, effect: () => 'No money moves: the provider is asked again at once, and the exception stays open.' },
} as const satisfies Record<string, ResolutionRow>;
export type Resolution = keyof typeof RESOLUTIONS;

/** What a choice does to the money of so many items, in a sentence for whoever decides. `amount` is in minor units. */
export const effectOf = (choice: Resolution, about: { items: number; amount: bigint; currency: string | null }): string => {
  const { items, amount, currency } = about;
  const { effect }: ResolutionRow = RESOLUTIONS[choice];
  return effect(items === 1 ? '1 item is' : `${items} items are`, currency === null ? 'no money' : groupedMoney(amount, currency));
};

/** One kind of exception, in words for the person who has to end it. */
export interface ExceptionKindRow {
  /** `high`: money may be lost, or somebody attacks. */
  severity: 'high' | 'usual';
  meaning: string;
  next: string;
  /** What people may choose. None: only the machine ends it, when what it reports is over. */
  resolutions: readonly Resolution[];
}

const DOUBT = ['provider_paid', 'provider_never_got', 'keep_asking'] as const;
const ASK_PROVIDER =
  'Ask the provider about each item by its key, then propose that the provider paid it or never got it. A second person confirms. Until then the machine keeps asking.';
const COMPARE = 'Compare the evidence with the batch and ask the provider. Discard the parked evidence when it is wrong, then end the exception.';

const unknown = (meaning: string): ExceptionKindRow => ({ severity: 'usual', meaning, next: ASK_PROVIDER, resolutions: DOUBT });
const mismatch = (meaning: string): ExceptionKindRow => ({ severity: 'usual', meaning, next: COMPARE, resolutions: ['looked_into'] });

/** Every kind of exception, with what it means and how it ends. A kind is wire format: its name never changes. */
export const EXCEPTION_KINDS = {
  unknown_key_expired: unknown(
    'Nobody knows whether the provider has these items, and their idempotency keys have ended, so they are not sent again.',
  ),
  unknown_rendering_changed: unknown(
    'Nobody knows whether the provider has these items, and they can no longer be rendered to the bytes that were sent.',
  ),
  unknown_payee_deleted: unknown(
    'Nobody knows whether the provider has these items, and a payee among them was deleted, so nothing can be sent again.',
  ),
  unknown_connection_changed: unknown(
    'Nobody knows whether the provider has these items, and the batch no longer goes to the connection that sent them.',
  ),
  unknown_not_sendable: unknown(
    'The provider says that it does not have these items, and they may not be sent again: execute_by has passed, or the batch is being cancelled.',
  ),
  settlement_overdue: {
    severity: 'usual',
    meaning: 'The provider took these items in, and has not said for longer than its rail allows whether they are paid.',
    next: ASK_PROVIDER,
    resolutions: DOUBT,
  },
  recovery_unheard: {
    severity: 'high',
    meaning:
      'The database was restored from a backup, and this rail connection could not say what it has paid since. It may have payments of batches that the backup never had.',
    next: 'Get a statement from the provider and compare it with the batches before you pay anything again. Then end the exception.',
    resolutions: ['looked_into'],
  },
  database_restored: {
    severity: 'high',
    meaning: 'The database is behind what was published outside it: a backup was put back.',
    next: 'Put the newer database back if there is one. Otherwise read the plan of the recovery; a second person confirms it.',
    resolutions: ['recover'],
  },
  evidence_unknown_payment: mismatch('The provider reported payments that no batch of this workspace has.'),
  evidence_never_sent: mismatch('The provider reported payments that never left, or were cancelled before they left.'),
  evidence_amount_mismatch: mismatch('The provider reported another amount than the one that was sent.'),
  evidence_currency_mismatch: mismatch('The provider reported another currency than the one that was sent.'),
  evidence_connection_mismatch: mismatch('Evidence came over another connection than the one that the items were sent on.'),
  inbound_unreadable: {
    severity: 'usual',
    meaning: 'A delivery of the provider was authenticated and stored, but it cannot be read.',
    next: 'Find out what the provider changed. Replay the delivery when it can be read again, or discard it.',
    resolutions: ['looked_into'],
  },
  reversal_covered: {
    severity: 'usual',
    meaning: 'Evidence took money back that the account no longer had, and the suspense account covered the rest.',
    next: 'Put money into the funding account, and settle what suspense has covered.',
    resolutions: ['looked_into'],
  },
  paid_twice_at_provider: {
    severity: 'high',
    meaning: 'The provider named a second payment under the key of an item: it may have paid twice.',
    next: 'Call the provider at once and get the second payment back. Two people confirm that it is made good.',
    resolutions: ['made_good'],
  },
  resolution_contradicted: {
    severity: 'high',
    meaning: 'Two people settled these items, and later the provider said otherwise.',
    next: 'The books follow the provider. Find out why the people were wrong, and whether a payment was made a second time.',
    resolutions: ['made_good'],
  },
  integrity_failed: {
    severity: 'high',
    meaning: 'What is stored is not what three people signed, so nothing of this batch is sent.',
    next: 'Find out who changed the database. Put the signed values back, then two people let the batch go on; or cancel it.',
    resolutions: ['content_restored'],
  },
  gates_forged: {
    severity: 'high',
    meaning: 'A gate of this batch does not hold: it was not opened with a second factor, or its person may no longer open it. Nothing is sent.',
    next: 'The detail names each gate and its fault. For `person`, give them their role back or cancel the batch. For any other fault somebody has written to the database: cancel the batch, find the hole, and look for other forged rows.',
    resolutions: ['made_good'],
  },
  provider_unavailable: {
    severity: 'usual',
    meaning: 'The provider does not answer, so sending waits.',
    next: 'Nothing, unless it lasts: sending goes on by itself when the provider answers.',
    resolutions: [],
  },
  run_stalled: {
    severity: 'usual',
    meaning: 'The batch should get further and does not, so its run was ended and begun anew.',
    next: 'The batch goes on by itself. Look at the log of the worker and at who can reach Temporal, then end the exception.',
    resolutions: ['looked_into'],
  },
} as const satisfies Record<string, ExceptionKindRow>;

export type ExceptionKind = keyof typeof EXCEPTION_KINDS;

/** The row of a kind, by its common type. */
export const kindRow = (kind: ExceptionKind): ExceptionKindRow => EXCEPTION_KINDS[kind];

/** In which states an item waits for what people say of it under this kind. Any other state is the provider's word, which comes first. */
export const waitingStates = (kind: ExceptionKind): readonly ItemState[] =>
  kind === 'settlement_overdue' ? ['submitted'] : ['submitting', 'unknown'];

/** Kinds about items of which nobody knows how they ended. Such an item leaves its exception when evidence settles it. */
export const DOUBT_KINDS = (Object.keys(EXCEPTION_KINDS) as ExceptionKind[]).filter((kind) =>
  kindRow(kind).resolutions.includes('provider_never_got'),
);
