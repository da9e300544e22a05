import type { ExportGate, ExportTransfer } from '../../domain/audit/export.js';
import type { Json } from '../../domain/hashing.js';
import { ITEM_STATES, type ItemState } from '../../domain/item/states.js';
import { postingFor, type TransferKind } from '../../domain/ledger/postings.js';
import type { EventBody } from './events.js';
import type { Findings } from './findings.js';

interface Sum {
  count: number;
  amount: bigint;
}

interface Posted {
  /** One of them, for the message. */
  transferId: string;
  sums: Map<string, Sum>;
}

const GATE_ACTION = /^gate\.(approve|authorize|execute)$/;

/**
 * Joins every transfer and every gate to its event, and every event to them: an event under a checkpoint that opened a gate or
 * moved money has exactly the gate and the transfers that it states. Memory holds one sum per event with money, and the gates.
 */
export const joins = () => {
  const gates = new Map<string, ExportGate>();
  const posted = new Map<string, Posted>();

  return {
    gate: (gate: ExportGate, findings: Findings): void => {
      const twin = gates.get(gate.event_id);
      if (twin) findings.add('unjoined', `gates ${twin.id} and ${gate.id} name the same event ${gate.event_id}`, { eventIds: [gate.event_id] });
      gates.set(gate.event_id, gate);
    },
    transfer: (transfer: ExportTransfer): void => {
      const entry = posted.get(transfer.event_id) ?? { transferId: transfer.id, sums: new Map() };
      const sum = entry.sums.get(transfer.kind) ?? { count: 0, amount: 0n };
      entry.sums.set(transfer.kind, { count: sum.count + 1, amount: sum.amount + BigInt(transfer.amount) });
      posted.set(transfer.event_id, entry);
    },
    /** `complete`: its gate and all of its money were read after the event was written; of an `early` event some may be missing. */
    event: (event: EventBody, read: 'complete' | 'early', findings: Findings): void => {
      const gate = gates.get(event.id);
      gates.delete(event.id);
      const wrong = gate
        ? gateProblem(gate, event)
        : read === 'complete' && event.result === 'ok' && GATE_ACTION.test(event.action)
          ? `event ${event.id} opened a gate that is missing`
          : null;
      if (wrong) findings.add('unjoined', wrong, { eventIds: [event.id] });

      const money = posted.get(event.id);
      posted.delete(event.id);
      if (money && event.result !== 'ok')
        findings.add('unjoined', `transfer ${money.transferId} names event ${event.id}, which was refused`, { eventIds: [event.id] });
      if (read === 'complete') for (const problem of moneyProblems(event, money)) findings.add('unjoined', problem, { eventIds: [event.id] });
    },
    /** The event itself was changed, so its gate and money cannot be checked against it. */
    excuse: (eventId: string): void => {
      gates.delete(eventId);
      posted.delete(eventId);
    },
    report: (findings: Findings): void => {
      for (const gate of gates.values())
        findings.add('unjoined', `gate ${gate.id} names event ${gate.event_id}, which the log does not have`, { eventIds: [gate.event_id] });
      for (const [eventId, { transferId }] of posted)
        findings.add('unjoined', `transfer ${transferId} names event ${eventId}, which the log does not have`, { eventIds: [eventId] });
    },
  };
};

const gateProblem = (gate: ExportGate, event: EventBody): string | null => {
  const actor = event.actor as { type?: Json; personId?: Json } | null;
  const stated = {
    digest: gate.digest,
    content_version: gate.content_version,
    challenge_id: gate.challenge_id,
    factor_id: gate.factor_id,
    gate_id: gate.id,
  };
  const differs = [
    event.action !== `gate.${gate.gate}` && 'action',
    event.result !== 'ok' && 'result',
    (actor?.type !== 'user' || actor.personId !== gate.person_id) && 'person',
    (event.subject.type !== 'batch' || event.subject.id !== gate.batch_id) && 'batch',
    ...Object.entries(stated).map(([name, value]) => name in event.detail && event.detail[name] !== value && name),
  ].find(Boolean);
  return differs ? `gate ${gate.id} and its event ${event.id} differ in ${differs}` : null;
};

/** The money that an event states, against the transfers with its id. `cover` follows from a shortfall and is stated by no event. */
const moneyProblems = (event: EventBody, money: Posted | undefined): string[] => {
  const expected = expectedOf(event);
  const kinds = new Set([...expected.keys(), ...(money?.sums.keys() ?? [])].filter((kind) => kind !== 'cover'));
  return [...kinds].flatMap((kind) => {
    const [due, did] = [expected.get(kind) ?? NOTHING, money?.sums.get(kind) ?? NOTHING];
    if (due.count === did.count && due.amount === did.amount) return [];
    return [
      `event ${event.id} (${event.action} of ${event.subject.type} ${event.subject.id}) moved ${due.amount} in ${due.count} ${kind} transfers, the ledger has ${did.amount} in ${did.count}`,
    ];
  });
};

const NOTHING: Sum = { count: 0, amount: 0n };

/** Actions whose detail states the amount of their one transfer, and the member that states it. */
const STATED_AMOUNTS: readonly { action: RegExp; member: string; kind: TransferKind }[] = [
  { action: /^ledger\.top_up$/, member: 'amount', kind: 'top_up' },
  { action: /^gate\.authorize$/, member: 'held', kind: 'hold' },
  { action: /^batch\./, member: 'released', kind: 'release' },
  { action: /^batch\.cancel$/, member: 'withdrawn_amount', kind: 'void' },
];

/** The transfers that an event has to have, by kind. */
const expectedOf = ({ action, result, detail }: EventBody): Map<string, Sum> => {
  const expected = new Map<string, Sum>();
  if (result !== 'ok') return expected;
  const add = (kind: TransferKind, count: number, amount: bigint) => {
    const before = expected.get(kind) ?? NOTHING;
    if (amount > 0n) expected.set(kind, { count: before.count + count, amount: before.amount + amount });
  };
  for (const { action: of, member, kind } of STATED_AMOUNTS)
    if (of.test(action) && typeof detail[member] === 'string') add(kind, 1, BigInt(detail[member]));
  // Each transition of an item has one transfer at the most, so counts and sums of transitions are those of transfers.
  const transitions = (action.startsWith('chunk.') ? detail['transitions'] : null) ?? {};
  for (const [edge, sum] of Object.entries(transitions as { [edge: string]: { count: number; amount: string } })) {
    const [from, to] = edge.split('>');
    const posting = isItemState(from) && isItemState(to) ? postingFor(from, to) : null;
    if (posting) add(posting.kind, sum.count, BigInt(sum.amount));
  }
  return expected;
};

const isItemState = (text: string | undefined): text is ItemState => (ITEM_STATES as readonly (string | undefined)[]).includes(text);
