import { appendFileSync, existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { AlreadyRunning } from '../data-folder/lock.js';
import { placesIn, ROOT } from '../data-folder/places.js';
import { readState } from '../data-folder/state.js';
import { allHeld, checkBooks } from '../demo/checks.js';
import { paySample } from '../demo/pay-sample.js';
import { progressOn } from '../demo/progress.js';
import { readFlags } from './flags.js';
import { outcomeLines, readyScreen, runningScreen } from './screen.js';
import { type Stack, startStack } from './start-stack.js';
import { startersFrom, watchStarters } from './watch-starters.js';

/** `npm start`, after the launcher (dev/start.mjs) has made the checkout runnable. */

// What the stack and its parts write is for their owner alone, also when a part names no mode (docs/adr/0056).
process.umask(0o077);
// Whoever reads the output may end first. A line that nobody reads must not end the supervisor before its parts.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});

const started = Number(process.env['SLUICE_STARTED_AT'] ?? Date.now());
const flags = readFlags(process.argv.slice(2));
const dataDir = resolve(flags.dataDir ? (process.env['SLUICE_CALLED_FROM'] ?? '.') : ROOT, flags.dataDir ?? '.sluice');
const places = placesIn(dataDir);
const say = (line: string): void => {
  console.log(line);
  if (existsSync(join(dataDir, 'logs'))) appendFileSync(places.logs.supervisor, `${new Date().toISOString()} ${line}\n`, { mode: 0o600 });
};

const cancelling = new AbortController();
let starting: Promise<Stack> | null = null;
let exiting: Promise<never> | null = null;
const exit = (code: number): Promise<never> => {
  exiting ??= (async () => {
    const from = Date.now();
    cancelling.abort();
    const stack = await starting?.catch(() => null);
    await stack?.stop();
    if (stack || code > 1) console.log(`stopped in ${((Date.now() - from) / 1_000).toFixed(1)} s`);
    return process.exit(code);
  })();
  return exiting;
};
process.on('SIGINT', () => void exit(130));
process.on('SIGTERM', () => void exit(143));
process.on('SIGHUP', () => void (flags.detached || exit(143)));
if (!flags.detached)
  watchStarters(startersFrom(process.env['SLUICE_STARTERS']), (pid) => {
    say(`process ${pid}, which started this, has ended: everything stops (npm start -- --detached goes on)`);
    void exit(143);
  });

try {
  const firstStart = !existsSync(places.stackFile);
  starting = startStack({ dataDir, ports: flags.ports, say, signal: cancelling.signal });
  const stack = await starting;
  const seconds = ((Date.now() - started) / 1_000).toFixed(1);
  let code = 0;
  const pays = flags.demo ?? (flags.once || firstStart);
  if (pays) say(`ready in ${seconds} s`);
  const demo = pays ? await runDemo(stack) : null;
  if (demo) code = demo.held ? 0 : 1;
  if (flags.once) await exit(code);
  if (demo) console.log(demo.lines.join('\n'));
  console.log(readyScreen(stack.state(), seconds, demo?.batchId ?? null).join('\n'));
} catch (error) {
  if (exiting) await exiting;
  if (error instanceof AlreadyRunning) {
    const state = readState(places.stackFile);
    console.log(state ? runningScreen(state, error.pid).join('\n') : `The stack on ${dataDir} is starting already (process ${error.pid}).`);
    process.exit(flags.once ? 1 : 0);
  }
  console.error(`\n${error instanceof Error ? error.message : error}`);
  await exit(1);
}

async function runDemo({ state }: Stack): Promise<{ held: boolean; lines: string[]; batchId: string | null }> {
  const from = Date.now();
  try {
    const batch = await paySample(state(), flags.items, progressOn(process.stdout));
    say(`paid               in ${((Date.now() - from) / 1_000).toFixed(1)} s`);
    const outcomes = await checkBooks(state(), batch.id);
    const lines = outcomeLines(outcomes);
    if (flags.once) console.log(lines.join('\n'));
    return { held: allHeld(outcomes), lines: flags.once ? [] : lines, batchId: batch.id };
  } catch (error) {
    if (exiting) await exiting;
    const words = `The sample was not paid: ${error instanceof Error ? error.message : error}\nLogs: ${places.logs.api}, ${places.logs.worker}`;
    console.error(words);
    return { held: false, lines: [], batchId: null };
  }
}
