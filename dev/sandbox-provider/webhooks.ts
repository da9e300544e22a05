import { createHmac } from 'node:crypto';
import { z } from 'zod';
import type { Books, PendingEvent } from './books.js';
import type { Faults } from './faults.js';
import { PAYMENTS_MAX } from './wire.js';

/** POST /control/webhooks. */
export const webhookSettings = z.strictObject({
  /** Address of the deliveries; stored across restarts. */
  url: z.url().optional(),
  /** `hold` collects events until `deliver`. */
  mode: z.enum(['deliver', 'hold']).optional(),
  order: z.enum(['oldest_first', 'shuffled']).optional(),
  /** How often each event is delivered. */
  times: z.int().min(1).max(10).optional(),
  /** Highest number of payments in one delivery. With a smaller one, events of one settlement may overtake each other. */
  payments_per_delivery: z.int().min(1).max(PAYMENTS_MAX).optional(),
});

type WebhookSettings = z.infer<typeof webhookSettings>;
type Delivering = { [name in Exclude<keyof WebhookSettings, 'url'>]-?: NonNullable<WebhookSettings[name]> };

const IN_FLIGHT = 4;
const TIMEOUT_MS = 10_000;
const BACK_OFF_MS = [100, 250, 500, 1000, 2000, 5000];

/** One delivery: an event, or a part of it with its own id. */
interface Delivery {
  id: string;
  event: PendingEvent;
  from: number;
  to: number;
}

/**
 * Delivers events by Standard Webhooks 1.0.0: signed, at least once, repeated with back-off until a 2xx answer. Pending events are in
 * the journal, so they survive a restart.
 */
export class Webhooks {
  readonly #books: Books;
  readonly #faults: Faults;
  readonly #secret: Buffer;
  readonly #attempts = new Map<string, { count: number; notBefore: number }>();
  readonly #inFlight = new Set<string>();
  readonly #settings: Delivering = { mode: 'deliver', order: 'oldest_first', times: 1, payments_per_delivery: PAYMENTS_MAX };
  #timer: NodeJS.Timeout | null = null;
  #stopped = false;

  constructor(books: Books, faults: Faults, secret: Buffer) {
    this.#books = books;
    this.#faults = faults;
    this.#secret = secret;
  }

  configure(settings: WebhookSettings): void {
    const { url, ...rest } = settings;
    if (url !== undefined && url !== this.#books.webhookUrl) this.#books.commit(['webhook_url', url]);
    Object.assign(this.#settings, Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined)));
    // After a new configuration the receiver is ready, so nothing waits for its back-off.
    this.#attempts.clear();
    this.wake();
  }

  /** Starts the deliveries that are due. Called when an event is added and when a back-off ends. */
  wake(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    const url = this.#books.webhookUrl;
    if (this.#stopped || !url || this.#settings.mode === 'hold') return;
    const now = Date.now();
    const waiting = [...this.#books.pending.values()].filter(({ id }) => !this.#inFlight.has(id));
    const due = waiting.filter(({ id }) => (this.#attempts.get(id)?.notBefore ?? 0) <= now);
    if (this.#settings.order === 'shuffled') shuffle(due);
    for (const event of due.slice(0, Math.max(0, IN_FLIGHT - this.#inFlight.size))) void this.#deliverEvent(event, url);
    const next = Math.min(...waiting.map(({ id }) => this.#attempts.get(id)?.notBefore ?? now).filter((at) => at > now));
    if (Number.isFinite(next)) this.#timer = setTimeout(() => this.wake(), next - now);
  }

  stop(): void {
    this.#stopped = true;
    if (this.#timer) clearTimeout(this.#timer);
  }

  async #deliverEvent(event: PendingEvent, url: string): Promise<void> {
    this.#inFlight.add(event.id);
    const delivered = this.#faults.hits('webhook_lost', event.id) || (await this.#deliverAll(event, url));
    this.#inFlight.delete(event.id);
    if (delivered) {
      this.#attempts.delete(event.id);
      this.#books.commit(['delivered', event.id]);
    } else {
      const count = this.#attempts.get(event.id)?.count ?? 0;
      const wait = BACK_OFF_MS[Math.min(count, BACK_OFF_MS.length - 1)] as number;
      this.#attempts.set(event.id, { count: count + 1, notBefore: Date.now() + wait * (0.8 + 0.4 * Math.random()) });
    }
    this.wake();
  }

  async #deliverAll(event: PendingEvent, url: string): Promise<boolean> {
    const size = this.#settings.payments_per_delivery;
    const deliveries: Delivery[] = [];
    for (let from = 0; from < event.moves.length; from += size) {
      const id = size >= event.moves.length ? event.id : `${event.id}_${from}`;
      for (let n = 0; n < this.#settings.times; n++) deliveries.push({ id, event, from, to: from + size });
    }
    if (this.#settings.order === 'shuffled') shuffle(deliveries);
    for (const delivery of deliveries) if (!(await this.#deliver(delivery, url))) return false;
    return true;
  }

  async #deliver({ id, event, from, to }: Delivery, url: string): Promise<boolean> {
    const body = JSON.stringify({
      id,
      type: 'payments.updated',
      created_at: new Date(event.at).toISOString(),
      data: event.moves.slice(from, to).map(([index, status, version, reason]) => {
        return this.#books.view({ ...this.#books.payments.read(index), status, version, reason });
      }),
    });
    // Real time, not the provider's clock, because receivers refuse timestamps that are minutes old.
    const timestamp = Math.floor(Date.now() / 1000).toString();
    const signature = createHmac('sha256', this.#secret).update(`${id}.${timestamp}.${body}`).digest('base64');
    const headers = { 'content-type': 'application/json', 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${signature}` };
    try {
      await this.#books.durable();
      const answer = await fetch(url, { method: 'POST', headers, body, redirect: 'manual', signal: AbortSignal.timeout(TIMEOUT_MS) });
      await answer.arrayBuffer();
      return answer.ok;
    } catch {
      return false;
    }
  }
}

/** Fisher–Yates, in place. */
const shuffle = <T>(list: T[]): void => {
  for (let last = list.length - 1; last > 0; last--) {
    const other = Math.floor(Math.random() * (last + 1));
    [list[last], list[other]] = [list[other] as T, list[last] as T];
  }
};
