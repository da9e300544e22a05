import { expect, test } from '@jest/globals';
import type { Command } from 'commander';
import { itemIdOf } from '../../cli/find-item.js';
import { createProgram, runCommand } from '../../cli/program.js';
import { wordsOf } from './every-command.js';
import { BATCH, emptyFolder } from './run-sluice.js';
import { apiOf } from './scripted-api.js';

const settingsOf = (env: NodeJS.ProcessEnv, said: string[] = []) => ({
  env,
  terminal: {
    out: () => {},
    err: (text: string) => said.push(text),
    watched: false,
    canAsk: false,
    readLine: async () => null,
    whenUnread: () => {},
  },
  schemas: {} as never,
  mailServerProblem: async () => null,
  local: null,
});
const commands = (from: Command): Command[] => [from, ...from.commands.flatMap(commands)];
const pathOf = (command: Command): string[] => (command.parent ? [...pathOf(command.parent), command.name()] : []);

const ACCOUNT = 'acct_0198c2aa7c1e7b3d9f10a4c2e6b80d11';
const LAST = itemIdOf(BATCH.id, '2');
const AFTER = itemIdOf(BATCH.id, '1');
/** Flags whose value is looked up unless it is an id, and those that take no text. */
const VALUES: Readonly<Record<string, string>> = {
  ...{ '--limit': '2', '--batch': BATCH.id, '--account': ACCOUNT, '--after': AFTER },
  '--owner': 'person_0198c2aa7c1e7b3d9f10a4c2e6b80d11',
};

/** Every command that lists in pages, each of its flags given. */
const LISTS = commands(createProgram(settingsOf({})).program)
  .filter(({ options }) => options.some(({ long }) => long === '--after'))
  .map((command) => ({
    name: pathOf(command).join(' '),
    argv: [
      ...pathOf(command),
      ...command.registeredArguments.map(() => BATCH.id),
      ...command.options.flatMap(({ long, required, optional }) => [
        long ?? '',
        ...(required || optional ? [VALUES[long ?? ''] ?? `a value'${long}`] : []),
      ]),
    ],
  }));

test('there are lists', () => {
  expect(LISTS.map(({ name }) => name)).toEqual(expect.arrayContaining(['batch list', 'batch items', 'exceptions list', 'parked list']));
  expect(LISTS.length).toBeGreaterThanOrEqual(10);
});

test.each(LISTS)('$name: the next page is the same list, after the last of this one', async ({ argv }) => {
  const { env, received, url } = await apiOf(() => ({
    status: 200,
    body: { object: 'list', data: [], has_more: true, next_cursor: LAST },
  }));
  const said: string[] = [];
  const folder = emptyFolder();
  const settings = settingsOf({ ...env, SLUICE_OPERATOR_KEY: 'o', HOME: folder, XDG_CONFIG_HOME: folder }, said);
  expect(await runCommand(['--url', url, ...argv], settings)).toBe(0);
  const next = said.find((line) => line.startsWith('next: ')) ?? '';
  const [, ...words] = wordsOf(next.replace(/^next: (npx )?/, ''));
  expect(words.slice(0, 2)).toEqual(['--url', url]);
  expect(await runCommand(words, settings)).toBe(0);
  const [first, second] = received.map(({ path }) => new URL(path, url));
  expect(first?.searchParams.get('starting_after')).toBe(AFTER);
  first?.searchParams.set('starting_after', LAST);
  expect(second?.href).toBe(first?.href);
});
