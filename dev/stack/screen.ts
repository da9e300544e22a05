import { join } from 'node:path';
import { programOf } from '../../cli/identity/as-typed.js';
import { quoted } from '../../cli/quoted.js';
import { ROOT } from '../data-folder/places.js';
import type { DemoPerson, StackState } from '../data-folder/state.js';
import type { Outcome } from '../demo/checks.js';

/** What `npm start` prints: at most 24 lines, so that a small terminal shows all of them. */

export const readyScreen = (state: StackState, seconds: string, batchId: string | null): string[] => [
  '',
  `ready in ${seconds} s`,
  ...addresses(state),
  ...(batchId ? [`  this batch   ${batchUrl(state, batchId)}`] : []),
  '',
  ...peopleTable(state.people),
  '',
  'try next, in a second terminal in this clone (README.md has the whole tour)',
  ...TRY_NEXT.map(([command, what]) => `  ${programOf({ SLUICE_DATA_DIR: state.data_dir }, ROOT)} ${command.padEnd(32)}   ${what}`),
  `Everything, second factors included: ${state.data_dir}/stack.json. Ctrl-C stops it, ${resetOf(state)} wipes it.`,
];

const TRY_NEXT: readonly (readonly [string, string])[] = [
  ['--as preparer batch create my.csv', 'a file of your own; it prints the next command'],
  ['dev code approver', 'a code, for when a gate asks for one'],
  ['dev kill worker', 'in the middle of a batch: still nobody is paid twice'],
  ['audit verify', 'every record, its order, its signatures'],
  ['doctor', 'every part, and the configuration'],
];

/** What wipes this data folder and no other. */
const resetOf = ({ data_dir }: StackState): string =>
  data_dir === join(ROOT, '.sluice') ? 'npm run reset' : `npm run reset -- --data-dir ${quoted(data_dir)}`;

/** For a second start on the same data folder. */
export const runningScreen = (state: StackState, pid: number): string[] => [
  `It runs already, since ${state.started_at} (process ${pid}, data in ${state.data_dir}).`,
  ...addresses(state),
  ...Object.entries(state.processes).map(
    ([name, part]) => `  ${name.padEnd(12)} process ${String(part?.pid ?? 'down').padEnd(8)} port ${String(part?.port).padEnd(6)} ${part?.log}`,
  ),
  'Stop it with Ctrl-C where it was started, or start a second one: npm start -- --data-dir .sluice-2 --port-base 20000',
];

export const outcomeLines = (outcomes: readonly Outcome[]): string[] => {
  const width = Math.max(...outcomes.map(({ what }) => what.length));
  return outcomes.map(({ what, found, ok }) => `  ${ok === null ? ' ' : ok ? '✓' : '✗'} ${what.padEnd(width)}  ${found}`);
};

export const peopleTable = (people: readonly DemoPerson[]): string[] => {
  const width = (pick: (person: DemoPerson) => string): number => Math.max(...people.map((person) => pick(person).length));
  const [name, role, email] = [width((one) => one.name), width((one) => one.role), width((one) => one.email)];
  return people.map((one) => `  ${one.role.padEnd(role)}  ${one.name.padEnd(name)}  ${one.email.padEnd(email)}  ${one.password}`);
};

const addresses = (state: StackState): string[] => [
  `  API          ${state.api_url}`,
  `  docs         ${state.docs_url}`,
  `  Temporal UI  ${state.ui_url}/namespaces/${state.namespace}`,
  `  metrics      ${state.api_metrics_url} and ${state.metrics_url}`,
  `  mailbox      ${state.mail_url}`,
];

const batchUrl = (state: StackState, batchId: string): string => `${state.ui_url}/namespaces/${state.namespace}/workflows/${batchId}`;
