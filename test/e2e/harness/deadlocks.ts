import { readFileSync } from 'node:fs';
import { placesIn } from '../../../dev/data-folder/places.js';
import { readValue } from './owner.js';
import type { World } from './world.js';

/**
 * The deadlocks that the server has broken up in this database since it was made, one line each. The process runs such a transaction
 * again, so no state shows them. The log of our own server says who waited for whom; a given server only counts, and a second late.
 */
export const deadlocksOf = async (world: World): Promise<string[]> => {
  if (process.env['DATABASE_URL']) {
    const count = Number(await readValue(world, 'SELECT deadlocks AS value FROM pg_stat_database WHERE datname = current_database()'));
    return Array.from({ length: count }, () => 'a deadlock');
  }
  const lines = readFileSync(placesIn(world.dataDir).logs.postgres, 'utf8').split('\n');
  return lines.flatMap((line, n) => (/ERROR: {2}deadlock detected/.test(line) ? [lines.slice(n, n + 6).join(' | ')] : []));
};
