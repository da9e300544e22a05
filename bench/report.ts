import Table from 'cli-table3';
import type { EndToEndRun } from './end-to-end.js';
import type { RailMode } from './rail-mode.js';

interface Spread {
  median: number;
  least: number;
  most: number;
}

/** The summary of all repetitions of one measurement. */
export interface Summary {
  rail: RailMode['name'];
  items: number;
  itemsPerSecond: Spread;
  limit: Spread;
  /** The rate of each turn as a share of the limit in the same turn. */
  ratio: Spread;
  eventsAChunk: number;
  rowsAnItem: number;
  bytesAnItem: number;
  walBytesAnItem: number;
  cpu: EndToEndRun['cpu'];
  workerMiB: { first: number; most: number };
  uploadRowsPerSecond: number;
}

export const summarize = (rail: RailMode, items: number, turns: readonly { run: EndToEndRun; limit: number }[]): Summary => {
  const of = (read: (turn: { run: EndToEndRun; limit: number }) => number): Spread => spread(turns.map(read));
  const parts = ['worker', 'api', 'provider', 'temporal', 'postgres'] as const;
  return {
    rail: rail.name,
    items,
    itemsPerSecond: of(({ run }) => run.itemsPerSecond),
    limit: of(({ limit }) => limit),
    ratio: of(({ run, limit }) => run.itemsPerSecond / limit),
    eventsAChunk: of(({ run }) => run.history.events / run.chunks).median,
    rowsAnItem: of(({ run }) => run.rowsAnItem).median,
    bytesAnItem: of(({ run }) => run.bytesAnItem).median,
    walBytesAnItem: of(({ run }) => run.walBytesAnItem).median,
    cpu: Object.fromEntries(parts.map((part) => [part, of(({ run }) => run.cpu[part]).median])) as Summary['cpu'],
    workerMiB: { first: of(({ run }) => run.memory.pay.worker.first).median, most: of(({ run }) => run.memory.pay.worker.most).most },
    uploadRowsPerSecond: of(({ run }) => run.items / run.uploadSeconds).median,
  };
};

const spread = (figures: readonly number[]): Spread => {
  const sorted = [...figures].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const median = ((sorted[Math.ceil(middle) - 1] ?? 0) + (sorted[Math.floor(middle)] ?? 0)) / 2;
  return { median, least: sorted[0] ?? 0, most: sorted.at(-1) ?? 0 };
};

/** The result as a table for people. */
export const show = (lines: readonly Summary[]): string => {
  const table = new Table({
    head: [
      'rail',
      'items',
      'items/s (min–max)',
      'limit (min–max)',
      'ratio',
      'events/chunk',
      'rows, B, WAL B/item',
      'CPU µs/item: worker pg provider',
      'worker MiB',
    ],
    style: { head: [], border: [] },
  });
  const range = ({ median, least, most }: Spread): string => `${Math.round(median)} (${Math.round(least)}–${Math.round(most)})`;
  for (const line of lines)
    table.push([
      line.rail,
      line.items,
      range(line.itemsPerSecond),
      range(line.limit),
      line.ratio.median.toFixed(2),
      line.eventsAChunk.toFixed(1),
      `${line.rowsAnItem.toFixed(1)}, ${Math.round(line.bytesAnItem)}, ${Math.round(line.walBytesAnItem)}`,
      `${Math.round(line.cpu.worker)} ${Math.round(line.cpu.postgres)} ${Math.round(line.cpu.provider)}`,
      `${line.workerMiB.first} → ${line.workerMiB.most}`,
    ]);
  return table.toString();
};
