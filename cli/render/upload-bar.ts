import { SingleBar } from 'cli-progress';
import type { Batch } from './batch.js';

/** The bar of a file that is taken in: each row is checked, then stored. */
export const uploadBar = () => {
  const shown = new SingleBar({ format: '{bar} {percentage}% · {rows}', stream: process.stderr, hideCursor: true });
  let started = false;
  return {
    show: ({ upload }: Batch): void => {
      if (!upload) return;
      const { rows_expected: expected, rows_checked: checked, rows_stored: stored } = upload;
      const rows = stored > 0 || checked >= expected ? `${stored} of ${expected} rows stored` : `${checked} of ${expected} rows checked`;
      if (!started) shown.start(2 * expected, 0, { rows });
      started = true;
      shown.setTotal(2 * expected);
      shown.update(Math.max(checked, stored) + stored, { rows });
    },
    stop: (): void => {
      if (started) shown.stop();
    },
  };
};
