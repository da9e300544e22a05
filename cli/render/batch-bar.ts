import { SingleBar } from 'cli-progress';
import { type Batch, countsLine, stateLine } from './batch.js';

/** A live view of one batch. `stop` gives the terminal back; nothing is drawn afterwards. */
export interface Progress {
  show(batch: Batch): void;
  stop(): void;
}

/** A bar on a terminal: of a file that is taken in, each row is checked, then stored; of any other batch the payments that are settled. */
export const batchBar = (stream: NodeJS.WriteStream = process.stderr): Progress => {
  const shown = new SingleBar({ format: '{bar} {text}', stream, hideCursor: true });
  let state: 'new' | 'drawn' | 'stopped' = 'new';
  return {
    show: (batch) => {
      const { done, total, text } = viewOf(batch);
      if (state === 'stopped' || total === 0) return;
      if (state === 'new') shown.start(total, done, { text });
      state = 'drawn';
      shown.setTotal(total);
      shown.update(done, { text });
    },
    stop: () => {
      if (state === 'drawn') shown.stop();
      state = 'stopped';
    },
  };
};

/** One line for each change, where there is no terminal. */
export const batchLines = (print: (line: string) => void): Progress => {
  let last = '';
  return {
    show: (batch) => {
      const line = `${stateLine(batch)}: ${batch.upload && batch.state === 'receiving' ? rowsLine(batch.upload) : countsLine(batch)}`;
      if (line !== last) print(line);
      last = line;
    },
    stop: () => {},
  };
};

/** How far a file is, in words. */
export const rowsLine = ({ rows_expected: expected, rows_checked: checked, rows_stored: stored }: NonNullable<Batch['upload']>): string =>
  stored > 0 || checked >= expected ? `${stored} of ${expected} rows stored` : `${checked} of ${expected} rows checked`;

const viewOf = (batch: Batch): { done: number; total: number; text: string } => {
  const { upload } = batch;
  if (upload && batch.state === 'receiving') {
    const total = 2 * upload.rows_expected;
    const done = Math.max(upload.rows_checked, upload.rows_stored) + upload.rows_stored;
    return { done, total, text: `${Math.floor((100 * done) / Math.max(total, 1))}% · ${rowsLine(upload)}` };
  }
  const done = batch.item_count - batch.counts.open;
  return { done, total: batch.item_count, text: `${done}/${batch.item_count} settled · ${stateLine(batch)} · ${countsLine(batch)}` };
};
