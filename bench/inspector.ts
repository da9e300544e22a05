import { readFileSync } from 'node:fs';
import { WebSocket } from 'undici';

/** Opens the inspector of a process on a free loopback port, for profiles and heap figures. */
export const INSPECTED = { NODE_OPTIONS: '--inspect=127.0.0.1:0' };

export interface CpuProfile {
  nodes: { id: number; callFrame: { functionName: string; url: string }; children?: number[] }[];
  samples: number[];
  /** µs since the previous sample. */
  timeDeltas: number[];
}

export interface Inspector {
  startProfile(): Promise<void>;
  stopProfile(): Promise<CpuProfile>;
  /** MiB of the heap that are still in use after a garbage collection. */
  liveHeap(): Promise<number>;
  close(): void;
}

const SAMPLE_EVERY_US = 500;

/** Connects to the inspector whose address is in the log of a process; the last address, when the process was started again. */
export const connectInspector = async (log: string): Promise<Inspector> => {
  const url = readFileSync(log, 'utf8')
    .match(/ws:\/\/127\.0\.0\.1:\S+/g)
    ?.at(-1);
  if (!url) throw new Error(`no inspector is named in ${log}`);
  const socket = new WebSocket(url);
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve, { once: true });
    socket.addEventListener('error', () => reject(new Error(`${url} does not answer`)), { once: true });
  });
  const waiting = new Map<number, (answer: { result?: unknown; error?: { message: string } }) => void>();
  socket.addEventListener('message', ({ data }) => {
    const answer = JSON.parse(String(data)) as { id?: number; result?: unknown; error?: { message: string } };
    waiting.get(answer.id ?? 0)?.(answer);
    waiting.delete(answer.id ?? 0);
  });
  let asked = 0;
  const ask = <T>(method: string, params: object = {}): Promise<T> =>
    new Promise((resolve, reject) => {
      const id = ++asked;
      waiting.set(id, ({ result, error }) => (error ? reject(new Error(`${method}: ${error.message}`)) : resolve(result as T)));
      socket.send(JSON.stringify({ id, method, params }));
    });
  return {
    startProfile: async () => {
      await ask('Profiler.enable');
      await ask('Profiler.setSamplingInterval', { interval: SAMPLE_EVERY_US });
      await ask('Profiler.start');
    },
    stopProfile: async () => (await ask<{ profile: CpuProfile }>('Profiler.stop')).profile,
    liveHeap: async () => {
      await ask('HeapProfiler.collectGarbage');
      const { usedSize } = await ask<{ usedSize: number }>('Runtime.getHeapUsage');
      return usedSize / 2 ** 20;
    },
    close: () => socket.close(),
  };
};
