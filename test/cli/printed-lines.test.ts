import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { endingOf } from '../../cli/ending.js';
import { asTyped, programOf } from '../../cli/identity/as-typed.js';
import { type Batch, nextStep } from '../../cli/render/batch.js';
import { ProblemError } from '../../client/problem-error.js';
import { BATCH_STATES } from '../../domain/batch/states.js';
import { PROBLEMS } from '../../domain/problems.js';
import { faultOf, wholeProgram } from './every-command.js';
import { BATCH, emptyFolder, problemOf, runSluice } from './run-sluice.js';
import { apiOf } from './scripted-api.js';

const filesOf = (...patterns: string[]): string[] =>
  execFileSync('git', ['ls-files', ...patterns], { encoding: 'utf8' })
    .trim()
    .split('\n');
const names = wholeProgram().commands.map((command) => command.name());
const MENTION = new RegExp(`(?<![\\w/.-])sluice (?:--[a-z]+ \\S+ )*(?:${names.join('|')})\\b.*`, 'g');
/** What ends a command in a text. */
const END = / {3}|[`"()…]|\\n|, |; |\. | [|>&]|'(?=[ ,;)]|$)|[.:]$/;

/** The commands of a text. What a program puts into them is a word, or nothing where it stands beside one. */
const mentionsIn = (text: string): string[] =>
  [
    ...text
      .replace(/\$\{[^{}]*\}(?=[a-z])|(?<=\w)\$\{[^{}]*\}/g, '')
      .replace(/\$\{[^{}]*\}/g, 'X')
      .matchAll(MENTION),
  ].map(([line]) => line.split(END)[0]?.replace(/'$/, '').trim() ?? '');

/** The program chooses one of several verbs. What it prints then is parsed where a test reads it. */
const VERB_LEFT_OPEN = /sluice (?:--as X )?[a-z]+ X\b.*X/;

/** In prose a command may be named without all that it needs. */
const IN_PROSE: readonly (string | null)[] = [
  null,
  ...[
    'commander.missingArgument',
    'commander.missingMandatoryOptionValue',
    'commander.invalidArgument',
    'commander.optionMissingArgument',
    'commander.help',
    'commander.helpDisplayed',
  ],
];

describe('every command that is printed or written down', () => {
  test.each(filesOf('cli/*.ts', 'cli/**/*.ts', 'dev/*.mjs', 'dev/**/*.ts', 'bin/*.mjs', 'domain/**/*.ts', 'operations/**/*.ts', 'contracts/**/*.ts'))(
    '%s names commands that there are, with flags that they have',
    async (file) => {
      const mentions = mentionsIn(readFileSync(file, 'utf8')).filter((line) => !VERB_LEFT_OPEN.test(line));
      for (const line of mentions) expect([line, IN_PROSE.includes(await faultOf(line))]).toEqual([line, true]);
    },
  );

  test.each(filesOf('README.md', 'docs/*.md'))('%s: blocks of code are commands as they stand, and prose names commands', async (file) => {
    const parts = readFileSync(file, 'utf8').split(/^```.*$/m);
    // A line that goes on after a backslash is one command.
    const code = parts
      .filter((_part, place) => place % 2 === 1)
      .join('\n')
      .replace(/\\\n\s*/g, '');
    const lines = code.split('\n').flatMap((line) => line.replace(/ +#.*$|[[\]]/g, '').match(/(?:npx )?(?<![\w/.-])sluice [^|>&;]+/g) ?? []);
    for (const line of lines) expect([line, await faultOf(line)]).toEqual([line, null]);
    const prose = parts.filter((_part, place) => place % 2 === 0).join('\n');
    for (const [, line = ''] of prose.matchAll(/`((?:npx )?sluice [^`]+)`/g)) {
      if (line.includes('…')) continue;
      expect([line, IN_PROSE.includes(await faultOf(line.replace(/\s+/g, ' ')))]).toEqual([line, true]);
    }
  });

  /** Without what is said about it in brackets. */
  const bare = (line: string): string => line.split('   ')[0] ?? '';

  test.each(BATCH_STATES.flatMap((state) => [true, false].map((besideStack) => ({ state, besideStack }))))(
    'what is suggested for a batch that is $state can be typed (beside a stack: $besideStack)',
    async ({ state, besideStack }) => {
      for (const more of [{}, { paused: true }, { counts: { ...BATCH.counts, failed: 1 } }]) {
        const line = nextStep({ ...BATCH, state, ...more } as unknown as Batch, { besideStack });
        if (line !== null) expect([line, await faultOf(bare(line))]).toEqual([line, null]);
      }
    },
  );

  test.each(Object.keys(PROBLEMS))('what mends %s can be typed', async (code) => {
    const more = {
      batch_id: BATCH.id,
      external_id: "it's june",
      proposal_id: 'proposal_1',
      shortfall: 5,
      currency: 'EUR',
      funding_account: 'acct_1',
    };
    const errors = [{ field: 'funding_account', reason: 'no_such_account', message: 'm' }];
    const problem = { title: 't', detail: 'd', code, request_id: 'r', permission: 'payees.hold', errors, ...more };
    for (const besideStack of [true, false]) {
      const { hint } = endingOf(new ProblemError(problem as never, null), { flags: [], options: {}, besideStack });
      if (hint?.startsWith('sluice ')) expect([hint, await faultOf(bare(hint))]).toEqual([hint, null]);
    }
  });

  test('there are many of them', () => {
    expect(filesOf('cli/**/*.ts').flatMap((file) => mentionsIn(readFileSync(file, 'utf8'))).length).toBeGreaterThan(40);
  });
});

describe('how a command is typed', () => {
  const stackIn = (folder: string, url: string): string => {
    mkdirSync(folder, { recursive: true });
    writeFileSync(
      join(folder, 'stack.json'),
      JSON.stringify({ data_dir: folder, api_url: url, workspace_id: 'ws_1', api_key: `key of ${url}`, people: [] }),
    );
    return folder;
  };
  const bin = join(process.cwd(), 'bin/sluice.mjs');

  test('in the clone by npx; elsewhere by the clone’s own program, because npx would fetch a stranger’s', () => {
    const away = emptyFolder();
    const other = stackIn(join(away, 'an other'), 'http://a');
    expect(programOf({}, emptyFolder())).toBe('sluice');
    expect(programOf({ SLUICE_DATA_DIR: other }, join(process.cwd(), 'docs'))).toBe(`SLUICE_DATA_DIR='${other}' npx sluice`);
    expect(programOf({ SLUICE_DATA_DIR: other }, away)).toBe(`SLUICE_DATA_DIR='${other}' ${bin}`);
    const found = stackIn(join(away, '.sluice'), 'http://b');
    expect(programOf({}, away)).toBe(bin);
    expect(programOf({ SLUICE_DATA_DIR: found }, away)).toBe(bin);
    expect(programOf({ SLUICE_DATA_DIR: '.sluice' }, away)).toBe(bin);
  });

  test.each([
    [{}, 'next: sluice batch list', 'next: S batch list'],
    [{ url: 'http://a b' }, 'sluice batch list', "S --url 'http://a b' batch list"],
    [{ profile: 'p' }, 'sluice login, or set SLUICE_API_KEY', 'S --profile p login, or set SLUICE_API_KEY'],
    [{ profile: 'p' }, 'sluice --profile q login', 'S --profile q login'],
    [{ as: 'approver', url: 'u' }, 'sluice --as executor batch execute B', 'S --url u --as executor batch execute B'],
    [{ as: 'preparer' }, 'sluice keys revoke K', 'S --as preparer keys revoke K'],
    [{ as: 'preparer' }, 'x   (asks for a code: sluice dev code approver)', 'x   (asks for a code: S dev code approver)'],
    [
      { as: 'auditor' },
      'sluice audit verify   (the key: `npx sluice audit checkpoint`)',
      'S --as auditor audit verify   (the key: `S --as auditor audit checkpoint`)',
    ],
    [{ as: 'auditor' }, 'the sluice gate of sluice.key', 'the sluice gate of sluice.key'],
  ])('given %j, %s is %s', (reach, text, typed) => {
    expect(asTyped(text, 'S', reach, names)).toBe(typed);
  });

  test('what is suggested beside a stack of another folder and port reaches that stack, typed anew in a fresh shell', async () => {
    const cwd = emptyFolder();
    const wrong = await apiOf(() => problemOf('not_found', 404));
    const right = await apiOf(({ path }) =>
      path.includes('limit=1&') || path.includes('limit=1')
        ? { status: 200, body: { data: [BATCH], has_more: true, next_cursor: BATCH.id } }
        : { status: 200, body: BATCH },
    );
    stackIn(join(cwd, '.sluice'), wrong.url);
    const other = stackIn(join(cwd, 'other data'), right.url);
    const first = await runSluice(['batch', 'list', '--limit', '1'], { cwd, env: { SLUICE_DATA_DIR: other } });
    const next = /^next: (.*)$/m.exec(first.stderr)?.[1] ?? '';
    expect(next).toBe(`SLUICE_DATA_DIR='${other}' ${bin} batch list --limit 1 --after ${BATCH.id}`);
    expect(await faultOf(next.replace(bin, 'sluice'))).toBeNull();
    const shell = spawn('bash', ['-c', next], { cwd, env: { PATH: process.env['PATH'] ?? '', HOME: cwd } });
    const code = new Promise((done) => {
      shell.once('close', done);
    });
    expect([await code, right.received.length, wrong.received.length]).toEqual([0, 2, 0]);
  });

  test('what an address or a profile led to is reached by what is suggested', async () => {
    const { url, received } = await apiOf(() => ({ status: 200, body: BATCH }));
    const run = await runSluice(['--url', url, 'batch', 'show', BATCH.id], { env: { SLUICE_API_KEY: 'k', SLUICE_URL: 'http://127.0.0.1:9' } });
    expect(run.stderr).toContain(`next: sluice --url ${url} batch approve ${BATCH.id}`);
    expect(received).toHaveLength(1);
  });

  test('beside a stack whose address is not the one that is used, nobody of that stack is named', async () => {
    const cwd = emptyFolder();
    stackIn(join(cwd, '.sluice'), 'http://127.0.0.1:9');
    const { env } = await apiOf(() => ({ status: 200, body: BATCH }));
    expect((await runSluice(['batch', 'show', BATCH.id], { cwd, env })).stderr).not.toContain('--as');
  });
});
