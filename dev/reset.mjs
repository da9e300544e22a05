// `npm run reset`: asks, then wipes the data folder of the stack. `--yes` for scripts, `--data-dir DIR` for another folder.
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { parseArgs } from 'node:util';

const OUTSIDE = '/var/lib/sluice/cluster-';
const { values } = parseArgs({ options: { 'data-dir': { type: 'string', default: '.sluice' }, yes: { type: 'boolean', default: false } } });
const folder = resolve(values['data-dir']);

if (!existsSync(folder)) leave(0, `${folder} is not there: nothing to wipe.`);
if (!['roll.json', 'demo.json', 'keys.json', 'postgres'].some((name) => existsSync(join(folder, name))))
  leave(1, `${folder} is no data folder of Sluice; nothing was wiped.`);

if (!values.yes) {
  if (!process.stdin.isTTY) leave(2, 'This asks before it wipes. Without a terminal, give --yes.');
  const prompt = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await prompt.question(`Wipe ${folder}: database, keys, people, logs? Everything that the keys encrypted is lost. [y/N] `);
  prompt.close();
  if (!/^y(es)?$/i.test(answer.trim())) leave(1, 'Nothing was wiped.');
}

// Ends processes that a killed start has left behind. A running stack is refused.
const { register } = await import('tsx/esm/api');
register();
const { takeFolder } = await import('./data-folder/lock.ts');
await takeFolder(folder, console.log).catch((error) => leave(1, `${error.message}. Stop it with Ctrl-C first.`));

const distant = existsSync(join(folder, 'postgres', 'location')) ? readFileSync(join(folder, 'postgres', 'location'), 'utf8').trim() : '';
if (distant.startsWith(OUTSIDE)) rmSync(distant, { recursive: true, force: true });
rmSync(folder, { recursive: true, force: true });
const again = values['data-dir'] === '.sluice' ? 'npm start' : `npm start -- --data-dir ${values['data-dir']}`;
console.log(`${folder} is wiped. ${again} creates it again.`);
if (process.env.DATABASE_URL) console.log('The database of DATABASE_URL is yours: drop it and create it again yourself.');

function leave(code, words) {
  console[code === 0 ? 'log' : 'error'](words);
  process.exit(code);
}
