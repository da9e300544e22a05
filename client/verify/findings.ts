/** What is wrong with a log, in kinds that scripts can tell apart. */
export const FINDING_KINDS = ['changed', 'removed', 'reordered', 'cut_off', 'unjoined', 'unsigned', 'malformed'] as const;
export type FindingKind = (typeof FINDING_KINDS)[number];

export interface Finding {
  kind: FindingKind;
  /** A sentence that names the record. */
  message: string;
  /** The records it may be: one, unless a change was hidden so well that only its neighbourhood shows. */
  indexes: number[];
  eventIds: string[];
}

/** Findings in a bounded list: a log that is wrong everywhere is told by its first thousand. */
const MOST = 1_000;

export class Findings {
  readonly #list: Finding[] = [];
  #more = 0;

  add(kind: FindingKind, message: string, about: Partial<Pick<Finding, 'indexes' | 'eventIds'>> = {}): void {
    if (this.#list.length >= MOST) this.#more++;
    else this.#list.push({ kind, message, indexes: about.indexes ?? [], eventIds: about.eventIds ?? [] });
  }

  get all(): readonly Finding[] {
    return this.#list;
  }

  get more(): number {
    return this.#more;
  }
}
