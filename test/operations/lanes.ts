import { setTimeout as pause } from 'node:timers/promises';
import { openDatabase } from '../../db/transaction/open.js';
import { tenantTransactions } from '../../db/transaction/tenant.js';

/*
 * A process of lanes that send without a pause: each takes the locks of a chunk and holds them as long as a chunk takes. It says `ready`
 * on its output, stops when its input ends, and prints what it took: when each lock was asked for and when it was got (ms of the clock).
 */
const [url = '', tenantId = '', batchId = '', first = '0', lanes = '8', holdMs = '60'] = process.argv.slice(2);
const database = openDatabase(url, Number(lanes));
const inTenant = tenantTransactions(database, { tenantId, actor: { type: 'system', process: 'worker' }, requestId: 'lanes' });

export interface Taken {
  askedAt: number;
  gotAt: number;
}

const taken: Taken[] = [];
let on = true;
process.stdin.resume().once('end', () => {
  on = false;
});

const lane = async (chunk: number): Promise<void> => {
  while (on)
    await inTenant(async (stores) => {
      const askedAt = Date.now();
      await stores.chunks.lockToSend(batchId, chunk);
      await stores.batches.control(batchId);
      taken.push({ askedAt, gotAt: Date.now() });
      await pause(Number(holdMs));
    });
};

const all = Array.from({ length: Number(lanes) }, (_, n) => lane(Number(first) + n));
console.log('ready');
await Promise.all(all);
await database.close();
console.log(JSON.stringify(taken));
