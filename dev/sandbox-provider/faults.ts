import { z } from 'zod';

const chance = z.number().min(0).max(1).default(0);

/**
 * How the provider misbehaves: chances from 0 to 1. Each draw depends on the seed, the key and the number of tries with that key, so
 * that the same run fails in the same places. POST /control/faults replaces all of them; `{}` ends them.
 */
export const faultSettings = z.strictObject({
  seed: z.int().default(1),
  /** Delay of every answer about payments, after they are in the books. */
  latency_ms: z.int().min(0).max(600_000).optional(),
  /** One draw per request. */
  error_before_accept: chance,
  reset_before_accept: chance,
  rate_limited: chance,
  /** Seconds of the Retry-After of a 429. */
  retry_after_s: z.int().min(0).max(3600).default(1),
  timeout_after_accept: chance,
  error_after_accept: chance,
  reset_after_accept: chance,
  malformed_answer: chance,
  /** Bulk only: accepts the first half of the payments, then answers 500. */
  error_half_way: chance,
  /** Lookups answer 503. */
  lookup_unavailable: chance,
  /** Fences answer 503 and fence nothing. */
  fence_unavailable: chance,
  /** Fences hold, and answer 500. */
  fence_unanswered: chance,
  /** Lists of payments answer 503. */
  list_unavailable: chance,
  /** One draw per payment. */
  decline: chance,
  fail_after_accept: chance,
  return_after_settlement: chance,
  /** A webhook event that is never delivered. */
  webhook_lost: chance,
  /** Treats a known key as new, like a provider that forgets keys after a time. The books show a duplicate. */
  key_forgotten: chance,
});

export type FaultSettings = z.infer<typeof faultSettings>;

/** What goes wrong with a request. The first three leave nothing in the books. */
export const REQUEST_FAULTS = [
  'error_before_accept',
  'reset_before_accept',
  'rate_limited',
  'timeout_after_accept',
  'error_after_accept',
  'reset_after_accept',
  'malformed_answer',
  'error_half_way',
] as const;
export type RequestFault = (typeof REQUEST_FAULTS)[number];

export const isBeforeAccept = (fault: RequestFault): boolean =>
  fault === 'error_before_accept' || fault === 'reset_before_accept' || fault === 'rate_limited';

export class Faults {
  settings: FaultSettings = faultSettings.parse({});
  readonly #tries = new Map<string, number>();
  readonly #latencyMs: number;

  /** `latencyMs` is the default when the settings have none. */
  constructor(latencyMs: number) {
    this.#latencyMs = latencyMs;
  }

  get latencyMs(): number {
    return this.settings.latency_ms ?? this.#latencyMs;
  }

  /** The fault of this request, from one draw over all chances; `key` identifies the request. */
  ofRequest(key: string): RequestFault | null {
    const chances = REQUEST_FAULTS.map((name) => this.settings[name]);
    if (chances.every((each) => each === 0)) return null;
    let draw = this.#draw('request', `${key} ${this.countTry(`request ${key}`)}`);
    for (const [i, each] of chances.entries()) {
      if (draw < each) return REQUEST_FAULTS[i] ?? null;
      draw -= each;
    }
    return null;
  }

  hits(name: Exclude<keyof FaultSettings, RequestFault | 'seed' | 'latency_ms' | 'retry_after_s'>, key: string): boolean {
    return this.settings[name] > 0 && this.#draw(name, key) < this.settings[name];
  }

  /** How often this was tried before. Counts this try. */
  countTry(what: string): number {
    const tries = this.#tries.get(what) ?? 0;
    this.#tries.set(what, tries + 1);
    return tries;
  }

  /** Uniform in [0, 1): FNV-1a over the text, finished by the mixer of MurmurHash3. */
  #draw(name: string, key: string): number {
    let hash = 0x811c9dc5;
    for (const character of `${this.settings.seed} ${name} ${key}`) hash = Math.imul(hash ^ character.charCodeAt(0), 0x01000193);
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
  }
}
