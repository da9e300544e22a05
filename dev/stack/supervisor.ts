import { setTimeout as sleep } from 'node:timers/promises';
import type { FolderLock } from '../data-folder/lock.js';
import type { Places } from '../data-folder/places.js';
import { signal } from '../data-folder/process-identity.js';
import { PARTS, type PartName, type StackState } from '../data-folder/state.js';
import type { Ports } from './ports.js';
import type { Running } from './run-process.js';

/** Starts a part; `extra` is environment for this start only. */
export type StartPart = (extra: Record<string, string>) => Promise<Running>;

const BACK_OFF_MS = [100, 250, 500, 1_000, 2_000, 5_000];
/** After this long without a crash, the back-off begins again from its shortest wait. */
const STEADY_MS = 20_000;

/** Keeps one part running: starts it again, with back-off, when it ends without a stop. */
export class SupervisedProcess {
  #running: Running | null = null;
  #wanted = false;
  #launching: Promise<void> | null = null;
  #failures = 0;

  constructor(
    readonly name: string,
    private readonly begin: StartPart,
    private readonly report: (event: { pid: number | null; words: string }) => void,
  ) {}

  /** Process id, or null while it is down. */
  get pid(): number | null {
    return this.#running?.pid ?? null;
  }

  /** Resolves when the part is ready. Throws when it does not start; then it stays down. */
  async start(extra: Record<string, string> = {}): Promise<void> {
    this.#wanted = true;
    this.#failures = 0;
    try {
      await this.#launch(extra);
    } catch (error) {
      this.#wanted = false;
      throw error;
    }
  }

  /** Stops the part, also while it is starting, and waits until it has ended. */
  async stop(): Promise<void> {
    this.#wanted = false;
    const running = this.#running;
    this.#running = null;
    await running?.stop();
    await this.#launching?.catch(() => {});
  }

  /** Sends a signal to the present process. If that ends it, the part starts again. */
  kill(name: NodeJS.Signals): void {
    if (this.#running) signal(this.#running.pid, name);
  }

  #launch(extra: Record<string, string>): Promise<void> {
    this.#launching = this.#bringUp(extra);
    return this.#launching;
  }

  async #bringUp(extra: Record<string, string>): Promise<void> {
    const started = Date.now();
    const running = await this.begin(extra);
    if (!this.#wanted) return running.stop();
    this.#running = running;
    this.report({ pid: running.pid, words: `starts (process ${running.pid})` });
    try {
      await running.ready;
    } catch (error) {
      if (this.#running === running) this.#running = null;
      await running.stop();
      throw error;
    }
    this.report({ pid: running.pid, words: `runs (process ${running.pid})` });
    void running.exited.then(() => this.#onExit(running, started));
  }

  async #onExit(running: Running, started: number): Promise<void> {
    if (this.#running !== running) return;
    this.#running = null;
    if (Date.now() - started > STEADY_MS) this.#failures = 0;
    while (this.#wanted) {
      const wait = BACK_OFF_MS[Math.min(this.#failures++, BACK_OFF_MS.length - 1)] ?? 0;
      this.report({ pid: null, words: `ended unexpectedly (process ${running.pid}); starting it again in ${wait} ms` });
      await sleep(wait);
      if (!this.#wanted) return;
      try {
        return await this.#launch({});
      } catch (error) {
        this.report({ pid: null, words: (error as Error).message });
      }
    }
  }
}

/** Clients stop before the servers that they call. */
const STOP_ORDER: readonly PartName[] = ['api', 'worker', 'mail', 'provider', 'temporal', 'postgres'];

/** Starts one part under supervision. */
export type Begin = (name: PartName, start: StartPart) => Promise<void>;

/** All parts that run on this machine, one supervised process each. */
export class SupervisedProcesses {
  readonly #parts = new Map<PartName, SupervisedProcess>();
  #stopping: Promise<void> | null = null;
  /** Called with a line after every change of a process. Set once the start is complete. */
  changed: (line: string) => void = () => {};

  constructor(
    private readonly lock: FolderLock,
    private readonly places: Places,
    private readonly ports: Ports,
  ) {}

  /** Starts a part and keeps it running from then on. */
  async begin(name: PartName, start: StartPart): Promise<void> {
    if (this.#stopping) throw new Error('the start was cancelled');
    const part = new SupervisedProcess(name, start, ({ pid, words }) => {
      if (pid) this.lock.note(name, pid);
      this.changed(`${name.padEnd(18)} ${words}`);
    });
    this.#parts.set(name, part);
    await part.start();
  }

  /** One part. Throws when it does not run on this machine. */
  part(name: PartName): SupervisedProcess {
    const part = this.#parts.get(name);
    if (!part) throw new Error(`${name} does not run here, but on another machine`);
    return part;
  }

  processes(): StackState['processes'] {
    return Object.fromEntries(
      PARTS.flatMap((name) => {
        const part = this.#parts.get(name);
        return part ? [[name, { pid: part.pid, port: this.ports[name], log: this.places.logs[name] }]] : [];
      }),
    );
  }

  /** Safe to call twice, and while parts are still starting. */
  stop(): Promise<void> {
    this.#stopping ??= (async () => {
      this.changed = () => {};
      for (const name of STOP_ORDER) await this.#parts.get(name)?.stop();
      this.lock.unlock();
    })();
    return this.#stopping;
  }
}
