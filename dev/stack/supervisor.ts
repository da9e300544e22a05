import { setTimeout as sleep } from 'node:timers/promises';
import { signal } from './process-identity.js';
import type { Running } from './run-process.js';

/** Starts a part; `extra` is environment for this one start. */
export type StartPart = (extra: Record<string, string>) => Promise<Running>;

const BACK_OFF_MS = [100, 250, 500, 1_000, 2_000, 5_000];
/** Who lived this long is started again at once. */
const STEADY_MS = 20_000;

/** Keeps one part running: starts it again, with back-off, when it dies without being told to. */
export class Supervised {
  #running: Running | null = null;
  #wanted = false;
  #failures = 0;
  #starting: Promise<void> | null = null;

  constructor(
    readonly name: string,
    private readonly begin: StartPart,
    private readonly tell: (event: { name: string; pid: number; words: string }) => void,
  ) {}

  /** Process id, or null while it is down. */
  get pid(): number | null {
    return this.#running?.pid ?? null;
  }

  /** Resolves when it serves. Throws when it does not come up this time. */
  async start(extra: Record<string, string> = {}): Promise<void> {
    this.#wanted = true;
    await this.#launch(extra);
  }

  async stop(): Promise<void> {
    this.#wanted = false;
    await this.#starting?.catch(() => {});
    await this.#running?.stop();
    this.#running = null;
  }

  /** Sends a signal to the process as it is now; what happens then is up to it and to the supervision. */
  kill(name: NodeJS.Signals): void {
    if (this.#running) signal(this.#running.pid, name);
  }

  async #launch(extra: Record<string, string>): Promise<void> {
    const started = Date.now();
    this.#starting = this.begin(extra).then((running) => {
      this.#running = running;
      this.tell({ name: this.name, pid: running.pid, words: 'runs' });
      void running.exited.then(() => this.#onExit(running, started));
    });
    await this.#starting;
  }

  async #onExit(running: Running, started: number): Promise<void> {
    if (this.#running !== running) return;
    this.#running = null;
    if (Date.now() - started > STEADY_MS) this.#failures = 0;
    while (this.#wanted) {
      const wait = BACK_OFF_MS[Math.min(this.#failures++, BACK_OFF_MS.length - 1)] ?? 0;
      this.tell({ name: this.name, pid: running.pid, words: `ended unexpectedly; it is started again in ${wait} ms` });
      await sleep(wait);
      if (!this.#wanted) return;
      try {
        return await this.#launch({});
      } catch (error) {
        this.tell({ name: this.name, pid: 0, words: (error as Error).message });
      }
    }
  }
}
