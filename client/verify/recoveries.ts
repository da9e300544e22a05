import type { EventBody } from './events.js';
import type { Findings } from './findings.js';

/** What a recovery ended of one generation of the log: checkpoints of it beyond `kept` are lost, up to `lost`. */
interface Ended {
  generation: number;
  kept: bigint;
  /** Null when nothing was published beyond `kept`. */
  lost: { size: bigint; root: string } | null;
}

/** What an event `workspace.recover` declares (docs/audit.md): from then on the log is in this generation. */
export interface Recovery {
  generation: number;
  eventId: string;
  at: string;
  proposalId: string;
  /** Null while the event is not sequenced. */
  index: number | null;
  ended: Ended[];
}

/** Collects the recoveries of a log in the order of their events. What they declare is checked for sense here, and for truth by `signedRoots`. */
export const recoveries = () => {
  const all: Recovery[] = [];
  const present = (): number => all.at(-1)?.generation ?? 1;
  return {
    see: (event: EventBody, index: number | null, findings: Findings): void => {
      if (event.action !== 'workspace.recover' || event.result !== 'ok') return;
      const recovery = readRecovery(event, index, present());
      if (recovery) all.push(recovery);
      else {
        const about = { eventIds: [event.id], indexes: index === null ? [] : [index] };
        findings.add('malformed', `event ${event.id} recovers the log, but what it declares makes no sense`, about);
      }
    },
    all: (): readonly Recovery[] => all,
    /** `claimed`: the generation that the header of the export names. */
    report: (findings: Findings, claimed: number): void => {
      if (claimed > present()) findings.add('removed', `the log is in generation ${claimed}, but no event says how that one began`);
    },
  };
};

/** Null when the event contradicts itself or what came before it. */
const readRecovery = ({ id, at, subject, tenant_id, detail }: EventBody, index: number | null, previous: number): Recovery | null => {
  const generation = Number(detail['generation']);
  const given = detail['given_up'] ?? [];
  if (subject.type !== 'workspace' || subject.id !== tenant_id || !Array.isArray(given)) return null;
  const ended = [{ ...detail, generation: previous }, ...given].map(readEnded);
  const known = ended.flatMap((one) => one ?? []);
  const numbers = [...known.map((one) => one.generation), generation];
  const isRising = numbers.every((number, i) => Number.isSafeInteger(number) && number > (numbers[i - 1] ?? 0));
  // The event itself comes after everything that it keeps.
  const own = known[0];
  if (known.length < ended.length || !isRising || !own || (index !== null && own.kept > BigInt(index))) return null;
  return { generation, eventId: id, at, proposalId: String(detail['proposal_id']), index, ended: known };
};

const readEnded = (told: unknown): Ended | null => {
  const { generation, kept_size: kept, lost_size: size, lost_root: root } = (told ?? {}) as { [member: string]: unknown };
  if (!isSize(kept)) return null;
  if (size === null && root === null) return { generation: Number(generation), kept: BigInt(kept), lost: null };
  if (!isSize(size) || BigInt(size) <= BigInt(kept) || typeof root !== 'string' || !/^[0-9a-f]{64}$/.test(root)) return null;
  return { generation: Number(generation), kept: BigInt(kept), lost: { size: BigInt(size), root } };
};

const isSize = (told: unknown): told is string => typeof told === 'string' && /^(0|[1-9][0-9]{0,18})$/.test(told);

/** A part of the log that a recovery declares lost. */
export interface DeclaredGap {
  /** The generation whose events are lost, and the one that began with the recovery. */
  generation: number;
  followedBy: number;
  /** Events of that generation beyond the first `kept` are lost; it was published up to `lost`. */
  kept: number;
  lost: number;
  /** The event that declares it, and the proposal that two people stood behind. */
  eventId: string;
  at: string;
  proposalId: string;
  /** How many of the checkpoints are of lost events. */
  checkpoints: number;
}

export const gapsOf = (recovered: readonly Recovery[]): DeclaredGap[] =>
  recovered.flatMap(({ generation: followedBy, eventId, at, proposalId, ended }) =>
    ended.flatMap(({ generation, kept, lost }) =>
      lost ? [{ generation, followedBy, kept: Number(kept), lost: Number(lost.size), eventId, at, proposalId, checkpoints: 0 }] : [],
    ),
  );

/** One line for people. */
export const lineOf = ({ generation, followedBy, kept, lost, eventId, at, proposalId, checkpoints }: DeclaredGap): string =>
  `declared gap: ${eventCount(lost - kept)} after the first ${kept} of generation ${generation} are lost; a recovery at ${at} began generation ${followedBy} (event ${eventId}, proposal ${proposalId}); ${checkpoints} of the checkpoints ${checkpoints === 1 ? 'is' : 'are'} of lost events`;

/** What the last line adds to `checksum ok`. */
export const verdictOf = (gaps: readonly DeclaredGap[]): string => {
  if (gaps.length === 0) return '';
  const events = gaps.reduce((sum, { kept, lost }) => sum + lost - kept, 0);
  return `, with ${gaps.length === 1 ? 'a declared gap' : `${gaps.length} declared gaps`} of ${eventCount(events)}`;
};

const eventCount = (count: number): string => `${count.toLocaleString('en-US')} event${count === 1 ? '' : 's'}`;
