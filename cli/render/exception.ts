import type { ResponseOf } from '../../client/types.js';
import { whoText } from './done-by.js';
import { money } from './money.js';
import { facts, table } from './table.js';

export type Exception = ResponseOf<'list_exceptions'>['data'][number];
export type FullException = ResponseOf<'show_exception'>;
export type Proposal = ResponseOf<'propose_resolution'>;

/** A batch by its own name beside its id. */
const batchText = (one: { batch_id: string | null; batch_external_id: string | null }): string | null =>
  one.batch_external_id === null ? one.batch_id : `${one.batch_external_id} (${one.batch_id})`;

/** An item by its number in the batch, as `batch items` lists it. */
const numberText = ({ ordinal }: { ordinal: number }): string => `#${ordinal}`;

const amount = (minor: number, currency: string | null): string | null => (currency === null ? null : money(minor, currency));

/** `40 d`, `3 h`, `12 min`, `5 s`: the greatest unit is enough to see how long something has waited. */
const age = (seconds: number): string => {
  const [size, unit] = UNITS.find(([least]) => seconds >= least) ?? [1, 's'];
  return `${Math.floor(seconds / size)} ${unit}`;
};
const UNITS: readonly (readonly [number, string])[] = [
  [86_400, 'd'],
  [3_600, 'h'],
  [60, 'min'],
];

export const exceptionTable = (exceptions: readonly Exception[]): string =>
  table(
    ['EXCEPTION', 'STATE', 'KIND', 'BATCH', 'AGE', 'ITEMS', 'AMOUNT', 'OWNER'],
    exceptions.map((one) => [
      one.id,
      one.severity === 'high' ? `${one.state}, high` : one.state,
      one.kind,
      one.batch_external_id ?? one.batch_id,
      age(one.age_seconds),
      one.item_count === 0 ? null : `${one.open_count} of ${one.item_count}`,
      one.item_count === 0 ? null : amount(one.open_amount, one.currency),
      whoText(one.owner) ?? one.owner_id,
    ]),
  );

/** What is known about one exception, from whom and since when, what the rail's rules say, and what to do next. */
export const exceptionText = (one: FullException): string =>
  [
    facts([
      ['exception', one.id],
      ['kind', `${one.kind} (${one.severity})`],
      ['state', one.resolution === null ? one.state : `${one.state}: ${one.resolution}`],
      ['batch', batchText(one)],
      ['connection', one.connection_id],
      ['age', `${age(one.age_seconds)}, since ${one.created_at}`],
      ['items', one.item_count === 0 ? null : `${one.open_count} open of ${one.item_count}`],
      ['amount', one.item_count === 0 ? null : `${amount(one.open_amount, one.currency)} open of ${amount(one.amount, one.currency)}`],
      ['owner', whoText(one.owner) ?? one.owner_id],
      ['known at the start', Object.keys(one.detail).length === 0 ? null : JSON.stringify(one.detail)],
      [
        'they stand',
        one.known.states.map(({ state, reason, count }) => `${count} ${state}${reason === null ? '' : ` (${reason})`}`).join(', ') || null,
      ],
      ['may have left', one.known.first_sent_at && `from ${one.known.first_sent_at} to ${one.known.last_sent_at}`],
      ['the rail', one.known.rail && railText(one.known.rail)],
      ['may be failed from', one.known.may_fail_from],
    ]),
    '',
    one.meaning,
    one.next,
    ...(one.choices.length === 0
      ? []
      : [
          'It ends by:',
          ...one.choices.map(({ choice, people, effect }) => `  ${choice} (${people} ${people === 1 ? 'person' : 'people'}): ${effect}`),
        ]),
    ...(one.proposals.length === 0 ? [] : ['', 'Proposals:', proposalTable(one.proposals)]),
    ...(one.comments.length === 0
      ? []
      : [
          '',
          'Comments:',
          table(
            ['WHEN', 'WHO', 'COMMENT'],
            one.comments.map(({ created_at, person_id, author, body }) => [created_at, whoText(author) ?? person_id, body]),
          ),
        ]),
  ].join('\n');

const railText = (rail: { name: string; key_lives_seconds: number; acceptance_window_seconds: number }): string =>
  `${rail.name}: a key lives ${age(rail.key_lives_seconds)}, a payment may be taken in ${age(rail.acceptance_window_seconds)} late`;

export const exceptionItemTable = (items: ResponseOf<'list_exception_items'>['data']): string =>
  table(
    ['#', 'PAYEE', 'AMOUNT', 'STATE', 'REFERENCE AT THE PROVIDER', 'REASON', 'ENDED BY', 'ITEM'],
    items.map((one) => [
      numberText(one),
      one.payee_reference,
      money(one.amount, one.currency),
      one.state,
      one.provider_reference,
      one.reason,
      one.resolution,
      one.id,
    ]),
  );

export const proposalItemTable = (items: ResponseOf<'list_proposal_items'>['data']): string =>
  table(
    ['#', 'PAYEE', 'AMOUNT', 'REFERENCE AT THE PROVIDER', 'ITEM'],
    items.map((one) => [numberText(one), one.payee_reference, money(one.amount, one.currency), one.provider_reference, one.id]),
  );

const proposalTable = (proposals: readonly Proposal[]): string =>
  table(
    ['PROPOSAL', 'STATE', 'CHOICE', 'ITEMS', 'BY', 'CONFIRMED BY', 'REASON'],
    proposals.map((one) => [
      one.id,
      one.problem === null ? one.state : `${one.state}: ${one.problem}`,
      one.choice,
      one.item_count,
      whoText(one.proposer) ?? one.proposed_by,
      whoText(one.confirmer) ?? one.confirmed_by,
      one.reason,
    ]),
  );

export const proposalFacts = (one: Proposal): string =>
  facts([
    ['proposal', one.id],
    ['exception', one.exception_id],
    ['choice', one.choice],
    ['state', one.problem === null ? one.state : `${one.state}: ${one.problem}`],
    ['items', one.item_count],
    ['reason', one.reason],
    ['proposed by', whoText(one.proposer) ?? one.proposed_by],
    ['confirmed by', whoText(one.confirmer) ?? one.confirmed_by],
    ['digest', one.digest],
  ]);

/** An item of a proposal as people are shown it. */
export type ShownItem = Pick<
  ResponseOf<'list_proposal_items'>['data'][number],
  'ordinal' | 'payee_reference' | 'amount' | 'currency' | 'provider_reference'
>;

/** Items shown of a proposal. */
const LARGEST_SHOWN = 10;

/** What a proposal is about: how many items, their total, and the largest of them. Empty for one that names no items. */
export const shownItems = (items: readonly ShownItem[]): string[] => {
  const [first] = items;
  if (!first) return [];
  const largest = items.toSorted((a, b) => b.amount - a.amount || a.ordinal - b.ordinal).slice(0, LARGEST_SHOWN);
  const total = items.reduce((sum, { amount }) => sum + amount, 0);
  return [
    facts([
      ['items', items.length],
      ['total', money(total, first.currency)],
    ]),
    '',
    largest.length === items.length ? 'All of them:' : `The ${largest.length} largest:`,
    table(
      ['#', 'PAYEE', 'AMOUNT', 'REFERENCE AT THE PROVIDER'],
      largest.map((one) => [numberText(one), one.payee_reference, money(one.amount, one.currency), one.provider_reference]),
    ),
  ];
};

/** What is about to be proposed, before it is sent. */
export const proposalPreview = (choice: string, items: readonly ShownItem[]): string =>
  [`To propose: ${choice}`, ...shownItems(items), ''].join('\n');

/** What the second person's code will be bound to, shown before they type it. */
export const confirmationSummary = ({ proposal_id, digest, expires_at, summary }: ResponseOf<'ask_proposal_challenge'>): string => {
  const { currency } = summary;
  const largest =
    currency === null
      ? []
      : summary.largest.map((one) => [numberText(one), one.payee_reference, one.payee_name, money(one.amount, currency), one.provider_reference]);
  return [
    'To confirm:',
    facts([
      ['proposal', proposal_id],
      ['exception', summary.kind],
      ['choice', summary.choice],
      ['what it does', summary.effect],
      ['reason', summary.reason],
      ['proposed by', whoText(summary.proposer) ?? summary.proposed_by],
      ['batch', batchText(summary)],
      ['items', summary.item_count],
      ['total', amount(summary.total, currency)],
      ['digest', digest],
      ['expires', expires_at],
    ]),
    ...(largest.length === 0
      ? []
      : [
          '',
          largest.length === summary.item_count ? 'All of them:' : `The ${largest.length} largest:`,
          table(['#', 'PAYEE', 'NAME', 'AMOUNT', 'REFERENCE AT THE PROVIDER'], largest),
        ]),
    '',
  ].join('\n');
};
