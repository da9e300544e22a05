/** What is wrong with a log or a proof, in kinds that scripts can distinguish. */
export const FINDING_KINDS = ['changed', 'removed', 'reordered', 'cut_off', 'unjoined', 'unsigned', 'malformed'] as const;
export type FindingKind = (typeof FINDING_KINDS)[number];

export interface Finding {
  kind: FindingKind;
  /** A sentence that names the record. */
  message: string;
  /** The records that may be wrong: one, or several when a change was hidden so well that the exact record is unknown. */
  indexes: number[];
  eventIds: string[];
}

/** The list is bounded: in a log that is wrong everywhere, the first thousand findings are enough. */
const FINDINGS_MAX = 1_000;

export class Findings {
  readonly #list: Finding[] = [];
  #more = 0;

  add(kind: FindingKind, message: string, about: Partial<Pick<Finding, 'indexes' | 'eventIds'>> = {}): void {
    if (this.#list.length >= FINDINGS_MAX) this.#more++;
    else this.#list.push({ kind, message, indexes: about.indexes ?? [], eventIds: about.eventIds ?? [] });
  }

  get all(): readonly Finding[] {
    return this.#list;
  }

  /** How many findings did not fit into the list. */
  get more(): number {
    return this.#more;
  }

  /** One line per listed finding, for people. */
  lines(): string[] {
    return this.#list.map(({ kind, message }) => `${kind.replace('_', ' ')}: ${message}`);
  }

  /** The last line of a report: `<name> ok`, or how many findings there are. */
  verdict(name: string): string {
    const wrong = this.#list.length + this.#more;
    return wrong === 0 ? `${name} ok` : `${name} wrong: ${wrong} finding${wrong === 1 ? '' : 's'}`;
  }
}
