import { readFileSync } from 'node:fs';
import pg from 'pg';
import { placesIn } from '../../../dev/data-folder/places.js';

/**
 * The deadlocks that the server has broken up in this database since it was made, one line each. The process runs such a transaction
 * again, so no state shows them. The log of our own server says who waited for whom; a given server only counts, and a second late.
 */
export const deadlocksIn = async (dataDir: string, ownerUrl: string): Promise<string[]> => {
  if (process.env['DATABASE_URL']) return Array.from({ length: await countOf(ownerUrl) }, () => 'a deadlock');
  const lines = readFileSync(placesIn(dataDir).logs.postgres, 'utf8').split('\n');
  return lines.flatMap((line, n) => (/ERROR: {2}deadlock detected/.test(line) ? [lines.slice(n, n + 6).join(' | ')] : []));
};

const countOf = async (ownerUrl: string): Promise<number> => {
  const client = new pg.Client({ connectionString: ownerUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ deadlocks: string }>('SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()');
    return Number(rows[0]?.deadlocks);
  } finally {
    await client.end();
  }
};
