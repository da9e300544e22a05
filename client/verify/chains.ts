import { FIRST_PREVIOUS } from '../../domain/audit/event.js';
import type { Findings } from './findings.js';

/** The place of an event in the chain of its subject. */
export interface Link {
  id: string;
  /** Index in the tree, or null. */
  index: number | null;
  subject: string;
  seq: number;
  previous: string;
  leaf: string;
}

interface Break {
  earlier: Link;
  later: Link;
}

/**
 * Follows the chain of every subject: its sequence numbers have no gap, and each event names the leaf of the one before. Stores
 * only the last link of each subject.
 */
export const subjectChains = () => {
  const last = new Map<string, Link>();
  const expired = new Set<string>();
  const missing = new Map<string, { subject: string; seq: number; before: Link }>();
  const late: Link[] = [];
  const breaks: Break[] = [];

  return {
    /** A leaf whose body has expired or was changed: its subject is unknown, but the next event names the leaf. */
    expire: (leaf: string): void => void expired.add(leaf),
    see: (link: Link): void => {
      const before = last.get(link.subject);
      const seq = (before?.seq ?? 0) + 1;
      if (link.seq < seq) {
        missing.delete(`${link.subject} ${link.seq}`);
        late.push(link);
        return;
      }
      last.set(link.subject, link);
      if (expired.has(link.previous)) return;
      if (link.seq > seq) {
        for (let gap = seq; gap < Math.min(link.seq, seq + 100); gap++)
          missing.set(`${link.subject} ${gap}`, { subject: link.subject, seq: gap, before: link });
        return;
      }
      if (link.previous === (before?.leaf ?? FIRST_PREVIOUS)) return;
      breaks.push({ earlier: before ?? link, later: link });
    },
    /** `intact`: how many leaves the newest matching checkpoint covers. It decides which side of a broken link was changed. */
    report: (findings: Findings, intact: number): void => {
      for (const { subject, seq, before } of missing.values())
        findings.add('removed', `event ${seq} of ${subject} is missing before event ${before.id}`, { eventIds: [before.id] });
      for (const link of late)
        findings.add('reordered', `event ${link.id}, number ${link.seq} of ${link.subject}, comes after a later one`, about([link]));
      for (const { earlier, later } of breaks) {
        const sure = earlier.index !== null && earlier.index < intact;
        const suspects = sure || earlier === later ? [later] : [earlier, later];
        findings.add(
          'changed',
          `${suspects.map((link) => `event ${link.id}`).join(' or ')} of ${later.subject} was changed together with its hash: the link between number ${later.seq - 1} and ${later.seq} is broken`,
          about(suspects),
        );
      }
    },
  };
};

const about = (links: readonly Link[]) => ({
  indexes: links.flatMap((link) => (link.index === null ? [] : [link.index])),
  eventIds: links.map((link) => link.id),
});
