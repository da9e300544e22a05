import type { ExportGate, ExportTransfer } from '../../domain/audit/export.js';
import type { Json } from '../../domain/hashing.js';
import { ITEM_STATES, type ItemState } from '../../domain/item/states.js';
import { postingFor, type TransferKind } from '../../domain/ledger/postings.js';
import type { Findings } from './findings.js';

/** What an event says, as far as money and gates are joined to it. */
export interface Deed {
  id: string;
  action: string;
  result: string;
  actor: Json;
  subject: { type: string; id: string };
  detail: { [key: string]: Json };
}

interface Sum {
  count: number;
  amount: bigint;
}

interface Posted {
  /** Any of them, to be named. */
  transferId: string;
  sums: Map<string, Sum>;
}

const GATE_ACTION = /^gate\.(approve|authorize|execute)$/;

/**
 * Joins every transfer and every gate to its event, and back: an event under a checkpoint that opened a gate or settled
 * items has exactly the gate and the money that it speaks of. Holds one sum per event with money, and the gates.
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
    /** `complete`: all of the event's money and its gate were read after it was written; of an `early` event some may be absent. */
    event: (deed: Deed, read: 'complete' | 'early', findings: Findings): void => {
      const gate = gates.get(deed.id);
      gates.delete(deed.id);
      const wrong = gate
        ? gateProblem(gate, deed)
        : read === 'complete' && deed.result === 'ok' && GATE_ACTION.test(deed.action)
          ? `event ${deed.id} opened a gate that is missing`
          : null;
      if (wrong) findings.add('unjoined', wrong, { eventIds: [deed.id] });

      const money = posted.get(deed.id);
      posted.delete(deed.id);
      if (money && deed.result !== 'ok')
        findings.add('unjoined', `transfer ${money.transferId} names event ${deed.id}, which was refused`, { eventIds: [deed.id] });
      if (read === 'complete') for (const problem of moneyProblems(deed, money)) findings.add('unjoined', problem, { eventIds: [deed.id] });
    },
    /** The event itself was changed: what is joined to it proves nothing more. */
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

const gateProblem = (gate: ExportGate, deed: Deed): string | null => {
  const actor = deed.actor as { type?: Json; personId?: Json } | null;
  const told = {
    digest: gate.digest,
    content_version: gate.content_version,
    challenge_id: gate.challenge_id,
    factor_id: gate.factor_id,
    gate_id: gate.id,
  };
  const differs = [
    deed.action !== `gate.${gate.gate}` && 'action',
    deed.result !== 'ok' && 'result',
    (actor?.type !== 'user' || actor.personId !== gate.person_id) && 'person',
    (deed.subject.type !== 'batch' || deed.subject.id !== gate.batch_id) && 'batch',
    ...Object.entries(told).map(([name, value]) => name in deed.detail && deed.detail[name] !== value && name),
  ].find(Boolean);
  return differs ? `gate ${gate.id} and its event ${deed.id} differ in ${differs}` : null;
};

/** What an event says it moved, against what the ledger has under its id. `cover` only follows from a shortfall and is never announced. */
const moneyProblems = (deed: Deed, money: Posted | undefined): string[] => {
  const owed = owedBy(deed);
  const kinds = new Set([...owed.keys(), ...(money?.sums.keys() ?? [])].filter((kind) => kind !== 'cover'));
  return [...kinds].flatMap((kind) => {
    const [due, did] = [owed.get(kind) ?? NOTHING, money?.sums.get(kind) ?? NOTHING];
    if (due.count === did.count && due.amount === did.amount) return [];
    return [
      `event ${deed.id} (${deed.action} of ${deed.subject.type} ${deed.subject.id}) moved ${due.amount} in ${due.count} ${kind} transfers, the ledger has ${did.amount} in ${did.count}`,
    ];
  });
};

const NOTHING: Sum = { count: 0, amount: 0n };

/** Where the detail of an event tells the amount of its one transfer. */
const TOLD: readonly { action: RegExp; member: string; kind: TransferKind }[] = [
  { action: /^ledger\.top_up$/, member: 'amount', kind: 'top_up' },
  { action: /^gate\.authorize$/, member: 'held', kind: 'hold' },
  { action: /^batch\./, member: 'released', kind: 'release' },
  { action: /^batch\.cancel$/, member: 'withdrawn_amount', kind: 'void' },
];

const owedBy = ({ action, result, detail }: Deed): Map<string, Sum> => {
  const owed = new Map<string, Sum>();
  if (result !== 'ok') return owed;
  const add = (kind: TransferKind, count: number, amount: bigint) => {
    const before = owed.get(kind) ?? NOTHING;
    if (amount > 0n) owed.set(kind, { count: before.count + count, amount: before.amount + amount });
  };
  for (const { action: of, member, kind } of TOLD) if (of.test(action) && typeof detail[member] === 'string') add(kind, 1, BigInt(detail[member]));
  // Each transition of an item moves its money in one way, so counts and sums of transitions are those of transfers.
  const transitions = (action.startsWith('chunk.') ? detail['transitions'] : null) ?? {};
  for (const [edge, sum] of Object.entries(transitions as { [edge: string]: { count: number; amount: string } })) {
    const [from, to] = edge.split('>');
    const posting = isItemState(from) && isItemState(to) ? postingFor(from, to) : null;
    if (posting) add(posting.kind, sum.count, BigInt(sum.amount));
  }
  return owed;
};

const isItemState = (text: string | undefined): text is ItemState => (ITEM_STATES as readonly (string | undefined)[]).includes(text);
