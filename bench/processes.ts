import { readdirSync, readFileSync } from 'node:fs';
import type { StackState } from '../dev/data-folder/state.js';

/** CPU seconds and resident memory of the stack's processes, from proc(5). On other systems all figures are 0. */
export interface Usage {
  cpuSeconds: number;
  residentMiB: number;
}

export type PartUsage = Record<'worker' | 'api' | 'provider' | 'temporal' | 'postgres', Usage>;

const TICKS_A_SECOND = 100;
const PAGE_MIB = 4 / 1_024;

export const usageOf = (state: StackState): PartUsage => {
  const of = (name: keyof PartUsage): number => state.processes[name]?.pid ?? 0;
  const postmaster = of('postgres');
  const one = (pid: number): Usage => usage(readStat(pid));
  return {
    worker: one(of('worker')),
    api: one(of('api')),
    provider: one(of('provider')),
    temporal: one(of('temporal')),
    // Every backend counts the shared buffers, so only the CPU is summed.
    postgres: { cpuSeconds: familyOf(postmaster).reduce((sum, stat) => sum + usage(stat).cpuSeconds, 0), residentMiB: 0 },
  };
};

/** The fields of /proc/PID/stat from the state on; the name before may hold blanks. */
const readStat = (pid: number): string[] => {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
  } catch {
    return [];
  }
};

/** CPU of one process so far, ms. */
export const cpuMsOf = (pid: number): number => usage(readStat(pid)).cpuSeconds * 1_000;

/** The CPU of ended children counts for their parent. */
const usage = (stat: string[]): Usage => ({
  cpuSeconds: [11, 12, 13, 14].reduce((sum, field) => sum + Number(stat[field] ?? 0), 0) / TICKS_A_SECOND,
  residentMiB: Number(stat[21] ?? 0) * PAGE_MIB,
});

const familyOf = (parent: number): string[][] => {
  try {
    const children = readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map((name) => readStat(Number(name)))
      .filter((stat) => Number(stat[1]) === parent);
    return [readStat(parent), ...children];
  } catch {
    return [];
  }
};

/** Samples memory until `stop`, which returns the first and the highest figure in MiB, and all samples. */
export const watchMemory = (
  state: () => StackState,
): { stop: () => Record<'worker' | 'api', { first: number; most: number; samples: number[] }> } => {
  const samples: Record<'worker' | 'api', number[]> = { worker: [], api: [] };
  const take = (): void => {
    const { worker, api } = usageOf(state());
    samples.worker.push(Math.round(worker.residentMiB));
    samples.api.push(Math.round(api.residentMiB));
  };
  take();
  const timer = setInterval(take, 500);
  return {
    stop: () => {
      clearInterval(timer);
      take();
      const summary = (list: number[]) => ({ first: list[0] ?? 0, most: Math.max(...list), samples: list });
      return { worker: summary(samples.worker), api: summary(samples.api) };
    },
  };
};
