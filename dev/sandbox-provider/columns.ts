import { FINGERPRINT_LENGTH } from './fingerprint.js';
import { type AcceptedPayment, BOOK_STATUSES, type BookStatus, type Move } from './records.js';

/** One payment, read from the columns. */
export interface BookEntry {
  index: number;
  key: string;
  amount: number;
  currency: string;
  status: BookStatus;
  /** The state in its first answer, which a repeated request gets again. */
  first: BookStatus;
  version: number;
  reason: string | null;
}

/** Payments as columns of numbers: about 40 bytes each plus the key, so that a million fit into memory easily. */
export class PaymentColumns {
  readonly #byKey = new Map<string, number>();
  readonly #keys: string[] = [];
  readonly #currencies: string[] = [];
  readonly #reasons: (string | null)[] = [null];
  #capacity = 1024;
  #amount = new Float64Array(this.#capacity);
  #currency = new Uint8Array(this.#capacity);
  #status = new Uint8Array(this.#capacity);
  #first = new Uint8Array(this.#capacity);
  #version = new Uint8Array(this.#capacity);
  #reason = new Uint8Array(this.#capacity);
  #changedAt = new Float64Array(this.#capacity);
  #fingerprint = Buffer.alloc(this.#capacity * FINGERPRINT_LENGTH);

  get count(): number {
    return this.#keys.length;
  }

  find(key: string): number | undefined {
    return this.#byKey.get(key);
  }

  /** `at`: the provider's clock, ms. */
  add([key, amount, currency, fingerprint, status, reason]: AcceptedPayment, at: number): number {
    const index = this.#keys.length;
    if (index === this.#capacity) this.#grow();
    this.#keys.push(key);
    this.#byKey.set(key, index);
    this.#amount[index] = amount;
    this.#currency[index] = numberOf(this.#currencies, currency);
    this.#status[index] = BOOK_STATUSES.indexOf(status);
    this.#first[index] = BOOK_STATUSES.indexOf(status);
    this.#version[index] = 1;
    this.#reason[index] = numberOf(this.#reasons, reason);
    this.#changedAt[index] = at;
    this.#fingerprint.write(fingerprint, index * FINGERPRINT_LENGTH, 'latin1');
    return index;
  }

  move([index, status, version, reason]: Move, at: number): void {
    this.#status[index] = BOOK_STATUSES.indexOf(status);
    this.#version[index] = version;
    this.#reason[index] = numberOf(this.#reasons, reason);
    this.#changedAt[index] = at;
  }

  version(index: number): number {
    return this.#version[index] as number;
  }

  /** When the payment reached its present state, on the provider's clock, ms. */
  changedAt(index: number): number {
    return this.#changedAt[index] as number;
  }

  fingerprint(index: number): string {
    return this.#fingerprint.toString('latin1', index * FINGERPRINT_LENGTH, (index + 1) * FINGERPRINT_LENGTH);
  }

  read(index: number): BookEntry {
    return {
      index,
      key: this.#keys[index] as string,
      amount: this.#amount[index] as number,
      currency: this.#currencies[this.#currency[index] as number] as string,
      status: BOOK_STATUSES[this.#status[index] as number] as BookStatus,
      first: BOOK_STATUSES[this.#first[index] as number] as BookStatus,
      version: this.#version[index] as number,
      reason: this.#reasons[this.#reason[index] as number] as string | null,
    };
  }

  /** Sums by status and currency. */
  totals(): { status: BookStatus; currency: string; count: number; amount: bigint }[] {
    const sums = new Map<number, { count: number; amount: bigint }>();
    for (let index = 0; index < this.#keys.length; index++) {
      const group = (this.#status[index] as number) * 256 + (this.#currency[index] as number);
      const sum = sums.get(group) ?? { count: 0, amount: 0n };
      sum.count += 1;
      sum.amount += BigInt(this.#amount[index] as number);
      sums.set(group, sum);
    }
    return [...sums]
      .sort(([a], [b]) => a - b)
      .map(([group, sum]) => ({
        status: BOOK_STATUSES[Math.floor(group / 256)] as BookStatus,
        currency: this.#currencies[group % 256] as string,
        ...sum,
      }));
  }

  #grow(): void {
    this.#capacity *= 2;
    const wider = (old: Uint8Array) => {
      const column = new Uint8Array(this.#capacity);
      column.set(old);
      return column;
    };
    const longer = (old: Float64Array) => {
      const column = new Float64Array(this.#capacity);
      column.set(old);
      return column;
    };
    this.#amount = longer(this.#amount);
    this.#changedAt = longer(this.#changedAt);
    this.#currency = wider(this.#currency);
    this.#status = wider(this.#status);
    this.#first = wider(this.#first);
    this.#version = wider(this.#version);
    this.#reason = wider(this.#reason);
    this.#fingerprint = Buffer.concat([this.#fingerprint], this.#capacity * FINGERPRINT_LENGTH);
  }
}

/** Position of a value in a short dictionary, added when it is new. Throws after 256 values, because a column holds bytes. */
const numberOf = <T>(dictionary: T[], value: T): number => {
  const known = dictionary.indexOf(value);
  if (known >= 0) return known;
  if (dictionary.length === 256) throw new Error('the sandbox provider keeps at most 256 currencies and 256 reasons');
  return dictionary.push(value) - 1;
};
