import type { ResponseOf } from '../../client/types.js';
import { isTerminalBatch } from '../../domain/batch/states.js';
import type { Cli } from '../cli.js';
import { inFlags } from '../flags.js';
import { type Acting, forWhoMay } from '../who-may.js';
import { counted } from './counted.js';
import { whoText } from './done-by.js';
import { errorLine } from './error-line.js';
import { money } from './money.js';
import { facts, table } from './table.js';

/** Pausing and cancelling answer also how many payments were sent by then, and how many were not. */
export type Batch = ResponseOf<'show_payout_batch'> & { already_sent?: number; not_sent?: number };
type Counted = Pick<Batch, 'counts' | 'state' | 'not_sent'>;
type Item = ResponseOf<'list_payout_items'>['data'][number];

export const batchFacts = (batch: Batch): string =>
  facts([
    ['batch', batch.id],
    ['external id', batch.external_id],
    ['state', [batch.outcome ? `${batch.state} (${batch.outcome})` : batch.state, ...haltsOf(batch), ...batch.attention].join(', ')],
    ...(batch.reason ? [['reason', reasonOf(batch)] as const] : []),
    ...(batch.upload && batch.state === 'receiving' ? [['file', uploadLine(batch.upload)] as const] : []),
    ...(batch.upload?.refusal?.errors.map((error) => ['error', errorLine(error)] as const) ?? []),
    ['items', batch.item_count],
    ['of these', countsLine(batch)],
    // Beside the items: what was left out of the batch, and how many of all were in doubt at some time.
    ...(batch.counts.excluded > 0 ? [['excluded', `${batch.counts.excluded} more`] as const] : []),
    ...(batch.counts.was_unknown > 0 ? [['once unknown', batch.counts.was_unknown] as const] : []),
    ['total', money(batch.total, batch.currency)],
    ['paid', money(batch.paid_total, batch.currency)],
    ['rail', batch.rail],
    ['gates', batch.gates.map(gateLine).join(', ') || 'none open'],
    ['content', `version ${batch.content_version}, digest ${batch.digest ?? 'not yet'}`],
    ...(isTerminalBatch(batch.state) ? [] : [['deadline', batch.deadline_at] as const]),
  ]);

/** A gate with who opened it; their id when they are no member of the workspace. */
const gateLine = ({ gate, person_id, opened_by }: Batch['gates'][number]): string => `${gate} by ${whoText(opened_by) ?? person_id}`;

/** Why a file was refused is said in the words of the API, and the file is sent again with flags. */
const reasonOf = ({ state, reason }: Batch): string | null =>
  reason !== null && state === 'refused' ? inFlags(reason, ['--allow-duplicates']) : reason;

/** Whether it is held up by a person: it is paused, or cancelled and not over yet. */
const haltsOf = ({ state, paused, cancelling }: Batch): string[] =>
  isTerminalBatch(state) ? [] : [...(paused ? ['paused'] : []), ...(cancelling ? ['cancelling'] : [])];

/** The state as a live view shows it, such as `executing, paused`. */
export const stateLine = (batch: Batch): string => [batch.state, ...haltsOf(batch)].join(', ');

/** A person paused it, and it goes on only when a person resumes it. */
export const isPaused = ({ state, paused, cancelling }: Batch): boolean => paused && !cancelling && !isTerminalBatch(state);

const uploadLine = ({ rows_expected, rows_checked, rows_stored }: NonNullable<Batch['upload']>): string =>
  `${rows_checked} rows checked, ${rows_stored} stored, of ${rows_expected}`;

/**
 * Where the payments of a batch are, each counted once, so that the counts add up to its items. The API's `open` holds `unknown` and
 * `submitted` too. The rest of it has not been sent or is being sent, which only the answer to a pause or a cancel tells apart; it is
 * `never sent` once the batch has ended.
 */
export const disjointCounts = (batch: Counted): Readonly<Record<string, number>> => {
  const { unknown, submitted, paid, failed, returned, cancelled, blocked } = batch.counts;
  return { ...unansweredOf(batch), submitted, unknown, paid, failed, returned, blocked, cancelled };
};

/** What the provider has not answered, and what may not have left yet. */
const unansweredOf = ({ counts, state, not_sent }: Counted): Readonly<Record<string, number>> => {
  const { open, unknown, submitted, cancelled, blocked } = counts;
  const rest = open - unknown - submitted;
  if (isTerminalBatch(state)) return { 'never sent': rest };
  if (state !== 'executing') return { 'to send': rest };
  if (not_sent === undefined) return { 'to send or being sent': rest };
  // What was not sent and is no longer open was cancelled or blocked.
  const toSend = Math.min(rest, Math.max(0, not_sent - cancelled - blocked));
  return { 'to send': toSend, 'being sent': rest - toSend };
};

/** What a halt leaves behind: what may have left is settled all the same. Empty for an answer that does not say it. */
export const sentLine = (batch: Batch): string => {
  const { item_count, already_sent, not_sent, counts } = batch;
  if (already_sent === undefined || not_sent === undefined || item_count === 0) return '';
  if (already_sent === 0) return `None of its ${counted(item_count, 'payment')} was sent.`;
  const isBeingSent = (disjointCounts(batch)['being sent'] ?? 0) > 0;
  const sent = counts.unknown === 0 ? 'sent or being sent' : isBeingSent ? 'sent, being sent or in doubt' : 'sent or in doubt';
  return `Of ${counted(item_count, 'payment')} ${already_sent} ${already_sent === 1 ? 'is' : 'are'} ${sent} and ${already_sent === 1 ? 'is' : 'are'} settled all the same; ${not_sent} ${not_sent === 1 ? 'was' : 'were'} not sent.`;
};

/** These counts without zeros, such as `to send 5, paid 988, failed 7`. */
export const countsLine = (batch: Counted): string =>
  Object.entries(disjointCounts(batch))
    .filter(([, count]) => count > 0)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ') || 'none';

export const batchTable = (batches: readonly Batch[]): string =>
  table(
    ['BATCH', 'STATE', 'ITEMS', 'TOTAL', 'EXTERNAL ID', 'CREATED'],
    batches.map((one) => [one.id, one.state, one.item_count, money(one.total, one.currency), one.external_id, one.created_at]),
  );

/** Items of a batch, which has ended or not: what was pending then is never sent. */
export const itemTable = (items: readonly Item[], ended: boolean): string =>
  table(
    ['#', 'PAYEE', 'DESTINATION', 'AMOUNT', 'STATE', 'REASON', 'REFERENCE'],
    items.map((one) => [
      one.ordinal,
      one.payee_reference,
      one.destination.masked,
      money(one.amount, one.currency),
      ended && isUnsent(one) ? `${one.state} (never sent)` : one.state,
      one.reason,
      one.reference,
    ]),
  );

/** Its batch has not sent it. */
export const isUnsent = ({ state }: Item): boolean => state === 'pending';

/** Suggests the next command for a batch in this state, if there is one. */
export const suggestNext = (cli: Cli, batch: Batch): void => {
  const next = nextStep(batch, cli);
  if (next) cli.suggest(next, ...(RAN.includes(batch.state) ? afterEnd(batch).slice(1) : []));
};

const RAN: readonly Batch['state'][] = ['completed', 'failed'];

/** What ends a pause. */
export const resumeStep = (batch: Batch, acting: Acting): string =>
  forWhoMay(`batch resume ${batch.id}`, 'resume_payout_batch', acting, '', 'executor');

/** What a person reads of a batch that ran: the payments that were not paid, each kind by its own command, else what proves it. */
const afterEnd = ({ id, counts }: Batch): string[] => {
  const unpaid = (['failed', 'returned', 'blocked'] as const).filter((state) => counts[state] > 0);
  return unpaid.length > 0 ? unpaid.map((state) => `sluice batch items ${id} --state ${state}`) : [`sluice batch evidence ${id} --out evidence.json`];
};

/** The next command for a batch in this state. Beside the demo stack it names the person to act as, and where the code comes from. */
export const nextStep = (batch: Batch, acting: Acting): string | null => {
  const gate = (verb: string, role: string): string =>
    acting.besideStack
      ? `sluice --as ${role} batch ${verb} ${batch.id}   (asks for a code: sluice dev code ${role})`
      : `sluice batch ${verb} ${batch.id}   (an ${role}, with a code)`;
  const steps: Partial<Record<Batch['state'], string | null>> = {
    receiving: `sluice batch show ${batch.id}`,
    draft: forWhoMay(`batch submit ${batch.id}`, 'submit_payout_batch', acting),
    queued: gate('approve', 'approver'),
    approved: gate('authorize', 'authorizer'),
    authorized: gate('execute', 'executor'),
    executing: `sluice batch watch ${batch.id}`,
    completed: afterEnd(batch)[0] ?? null,
    failed: afterEnd(batch)[0] ?? null,
  };
  return isPaused(batch) ? resumeStep(batch, acting) : (steps[batch.state] ?? null);
};
