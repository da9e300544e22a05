import type { ResponseOf } from '../../client/types.js';

export interface Progress {
  line(text: string): void;
  batch(batch: ResponseOf<'show_payout_batch'>): void;
}

const BAR = 24;
const QUIET_MS = 2_000;

/** A live line on a terminal, a line every two seconds elsewhere. */
export const progressOn = (stream: NodeJS.WriteStream): Progress => {
  let last = '';
  let written = 0;
  const clear = (): void => {
    if (stream.isTTY && last !== '') stream.write('\r\x1b[K');
    last = '';
  };
  return {
    line: (text) => {
      clear();
      stream.write(`${text}\n`);
    },
    batch: (batch) => {
      if (batch.state !== 'executing') return clear();
      const { open, unknown, paid, failed, returned } = batch.counts;
      const done = batch.item_count - open;
      const text = `${'paying'.padEnd(18)} ${bar(done / batch.item_count)} ${done} of ${batch.item_count}: ${paid} paid, ${failed} failed, ${returned} returned, ${unknown} unknown`;
      if (text === last) return;
      if (stream.isTTY) stream.write(`\r\x1b[K${text}`);
      else if (Date.now() - written > QUIET_MS) {
        stream.write(`${text}\n`);
        written = Date.now();
      }
      last = text;
    },
  };
};

const bar = (share: number): string => `[${'█'.repeat(Math.round(share * BAR)).padEnd(BAR, '·')}]`;
