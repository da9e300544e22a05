import { Books } from './books.js';
import type { ProviderConfig } from './config.js';
import { Faults, faultSettings } from './faults.js';
import type { Taken } from './take-in.js';
import { Webhooks } from './webhooks.js';

/** The longest wait of one timer, because a wait of many days would overflow it. */
const WAIT_MAX_MS = 60_000;

/** Books, faults and webhooks, and the timer that applies changes when they are due. */
export class Provider {
  readonly books: Books;
  readonly faults: Faults;
  readonly webhooks: Webhooks;
  readonly settleMs: number;
  readonly requests = { taken_in: 0, replayed: 0, mismatched: 0, fenced: 0 };
  #timer: NodeJS.Timeout | null = null;

  private constructor(books: Books, config: ProviderConfig) {
    this.books = books;
    this.settleMs = config.PROVIDER_SETTLE_MS;
    this.faults = new Faults(config.PROVIDER_LATENCY_MS);
    this.webhooks = new Webhooks(books, this.faults, config.PROVIDER_WEBHOOK_SECRET);
  }

  static async open(config: ProviderConfig): Promise<Provider> {
    const provider = new Provider(await Books.open(config.PROVIDER_DATA_DIR, config.PROVIDER_FSYNC), config);
    if (config.PROVIDER_FAULTS) provider.faults.settings = faultSettings.parse(JSON.parse(config.PROVIDER_FAULTS));
    provider.webhooks.configure(config.PROVIDER_WEBHOOK_URL ? { url: config.PROVIDER_WEBHOOK_URL } : {});
    provider.schedule();
    return provider;
  }

  /** Applies everything that is due, and sets the timer for the next change. */
  schedule(): void {
    if (this.books.settleDue()) this.webhooks.wake();
    if (this.#timer) clearTimeout(this.#timer);
    const next = this.books.agenda.next();
    if (next === null) return;
    this.#timer = setTimeout(() => this.schedule(), Math.min(WAIT_MAX_MS, Math.max(1, next - this.books.now())));
  }

  /** Counts payments by what became of their request, so that tests can notice a blind second send. */
  count(taken: readonly Taken[]): void {
    for (const { kind } of taken) {
      if (kind === 'new') this.requests.taken_in += 1;
      else if (kind === 'replayed') this.requests.replayed += 1;
      else if (kind === 'fenced') this.requests.fenced += 1;
      else this.requests.mismatched += 1;
    }
  }

  async close(): Promise<void> {
    if (this.#timer) clearTimeout(this.#timer);
    this.webhooks.stop();
    await this.books.close();
  }
}
