import type { FolderLock } from './lock.js';
import type { Places } from './places.js';
import type { Ports } from './ports.js';
import { PARTS, type PartName, type StackState } from './state.js';
import { type StartPart, Supervised } from './supervisor.js';

/** Who asks goes before who answers. */
const STOP_ORDER: readonly PartName[] = ['api', 'worker', 'provider', 'temporal', 'postgres'];

/** Starts one part under supervision. */
export type Begin = (name: PartName, start: StartPart) => Promise<void>;

/** The parts that run here, one process each. */
export class Crew {
  readonly #parts = new Map<PartName, Supervised>();
  #stopping: Promise<void> | null = null;
  /** Told after every change, once the start is over. */
  changed: (line: string) => void = () => {};

  constructor(
    private readonly lock: FolderLock,
    private readonly places: Places,
    private readonly ports: Ports,
  ) {}

  /** Starts a part and keeps it running from then on. */
  async begin(name: PartName, start: StartPart): Promise<void> {
    if (this.#stopping) throw new Error('the start was broken off');
    const part = new Supervised(name, start, ({ pid, words }) => {
      if (pid) this.lock.note(name, pid);
      this.changed(`${name.padEnd(18)} ${words}`);
    });
    this.#parts.set(name, part);
    await part.start();
  }

  /** Throws when the part is elsewhere. */
  part(name: PartName): Supervised {
    const part = this.#parts.get(name);
    if (!part) throw new Error(`${name} does not run here: it is elsewhere`);
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
      this.lock.release();
    })();
    return this.#stopping;
  }
}
