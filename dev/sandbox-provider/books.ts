import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Agenda } from './agenda.js';
import { type BookEntry, PaymentColumns } from './columns.js';
import { Journal, replayJournal } from './journal.js';
import type { JournalRecord, Move } from './records.js';
import { PAYMENTS_MAX, type PaymentView } from './wire.js';

/** A webhook event that was not delivered yet. */
export interface PendingEvent {
  id: string;
  at: number;
  moves: Move[];
}

/**
 * The provider's books, rebuilt from its journal. Every change goes through `commit`, which applies the record at once and writes it. An
 * answer waits for `durable`, so that a crash never takes back what was answered.
 */
export class Books {
  readonly payments = new PaymentColumns();
  readonly agenda = new Agenda();
  readonly pending = new Map<string, PendingEvent>();
  /** Keys that are never accepted. */
  readonly fenced = new Set<string>();
  /** Until when lookups do not answer about a payment, ms on the provider's clock, by index. Few payments have one. */
  readonly #silentUntil = new Map<number, number>();
  /** Payments accepted more than once under one key, and their money. */
  duplicates = { count: 0, amount: 0n };
  webhookUrl: string | null = null;
  #name = '';
  #events = 0;
  #clockOffset = 0;
  #journal: Journal | null = null;

  static async open(folder: string, fsync: 'group' | 'off'): Promise<Books> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const path = join(folder, 'journal.jsonl');
    const books = new Books();
    await replayJournal(path, (record) => books.#apply(record));
    books.#journal = await Journal.open(path, fsync);
    if (!books.#name) books.commit(['opened', randomBytes(4).toString('hex')]);
    await books.durable();
    return books;
  }

  commit(record: JournalRecord): void {
    this.#apply(record);
    this.#journal?.append(record);
  }

  async durable(): Promise<void> {
    await this.#journal?.durable();
  }

  async close(): Promise<void> {
    await this.#journal?.close();
  }

  /** The provider's clock, ms: real time plus the time that it was advanced. */
  now(): number {
    return Date.now() + this.#clockOffset;
  }

  get clockOffset(): number {
    return this.#clockOffset;
  }

  view(entry: BookEntry): PaymentView {
    return {
      object: 'payment',
      id: `pay_${this.#name}_${entry.index}`,
      idempotency_key: entry.key,
      status: entry.status === 'declined' ? 'failed' : entry.status,
      version: entry.version,
      amount: entry.amount,
      currency: entry.currency,
      reason: entry.reason,
    };
  }

  /** Whether lookups do not answer about this payment yet. */
  isSilent(index: number): boolean {
    return (this.#silentUntil.get(index) ?? 0) > this.now();
  }

  /** The payment as its first answer showed it. */
  firstView(entry: BookEntry): PaymentView {
    return this.view({ ...entry, status: entry.first, version: 1, reason: entry.first === 'declined' ? entry.reason : null });
  }

  /** Applies every change that is due, and queues its event for delivery. True when there was one. */
  settleDue(): boolean {
    let settled = false;
    for (let moves = this.agenda.take(this.now()); moves; moves = this.agenda.take(this.now())) {
      // Version by version, because two steps of one payment may be due at the same time. After a restart some were applied before.
      for (const step of new Set(moves.map(([, , version]) => version).sort())) {
        const due = moves.filter(([index, , version]) => version === step && this.payments.version(index) === step - 1);
        for (let from = 0; from < due.length; from += PAYMENTS_MAX) {
          this.commit(['moved', `evt_${this.#name}_${this.#events}`, this.now(), due.slice(from, from + PAYMENTS_MAX)]);
          settled = true;
        }
      }
    }
    return settled;
  }

  #apply(record: JournalRecord): void {
    switch (record[0]) {
      case 'opened':
        this.#name = record[1];
        break;
      case 'accepted':
        for (const payment of record[2]) {
          const [key, amount, , , , , steps, silentUntil] = payment;
          if (this.payments.find(key) !== undefined) {
            this.duplicates.count += 1;
            this.duplicates.amount += BigInt(amount);
            continue;
          }
          const index = this.payments.add(payment, record[1]);
          if (silentUntil !== undefined) this.#silentUntil.set(index, silentUntil);
          steps?.forEach(([to, dueAt, why], n) => {
            this.agenda.add(dueAt, [index, to, n + 2, why]);
          });
        }
        break;
      case 'moved':
        this.#events += 1;
        for (const move of record[3]) this.payments.move(move, record[2]);
        this.pending.set(record[1], { id: record[1], at: record[2], moves: record[3] });
        break;
      case 'delivered':
        this.pending.delete(record[1]);
        break;
      case 'fenced':
        for (const key of record[2]) this.fenced.add(key);
        break;
      case 'clock':
        this.#clockOffset = record[1];
        break;
      case 'webhook_url':
        this.webhookUrl = record[1];
        break;
    }
  }
}
