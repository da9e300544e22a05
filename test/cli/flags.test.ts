import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type { Command } from 'commander';
import { endingOf } from '../../cli/ending.js';
import { FIELDS_OF, flagOf } from '../../cli/flags.js';
import { createProgram } from '../../cli/program.js';
import { ProblemError } from '../../client/problem-error.js';
import { createBatchCsv } from '../../contracts/batches.js';
import type { RouteShape } from '../../contracts/route-shape.js';
import { ROUTES } from '../../contracts/routes.js';
import { settingsOf } from './every-command.js';
import { BATCH, emptyFolder, problemOf, runSluice } from './run-sluice.js';
import { apiOf } from './scripted-api.js';

const terminal = { out: () => {}, err: () => {}, watched: false, canAsk: false, readLine: async () => null, whenUnread: () => {} };
const { program } = createProgram({ env: {}, terminal, schemas: {} as never, mailServerProblem: async () => null, local: null });
const commands = (from: Command): Command[] => [from, ...from.commands.flatMap(commands)];
/** Each flag of each command. */
const FLAGS = commands(program).flatMap((command) => command.options.map(({ long }) => ({ command, flag: long ?? '' })));

const shapeOf = (schema: unknown): string[] => Object.keys((schema as { shape?: object } | undefined)?.shape ?? {});
/** Every field that a request can have. References are named item by item. */
const FIELDS = new Set([
  'provider_reference',
  ...Object.values<RouteShape>(ROUTES).flatMap(({ params, query, body }) => [params, query, body].flatMap(shapeOf)),
  ...shapeOf(createBatchCsv),
]);

test('every flag of every command is in the table, and the table has no other', () => {
  expect(FLAGS.length).toBeGreaterThan(60);
  expect([...new Set(FLAGS.map(({ flag }) => flag))].sort()).toEqual(Object.keys(FIELDS_OF).sort());
});

test('the table names fields that the API has, and leaves none out that a flag is called after', () => {
  expect(
    Object.values(FIELDS_OF)
      .flat()
      .filter((field) => !FIELDS.has(field)),
  ).toEqual([]);
  const called = Object.entries(FIELDS_OF).filter(([flag, fields]) => {
    const name = flag.replace(/^--(no-)?/, '').replaceAll('-', '_');
    return FIELDS.has(name) && !fields.includes(name) && fields.length === 0;
  });
  expect(called.map(([flag]) => flag)).toEqual([]);
});

test.each(FLAGS.filter(({ flag }) => (FIELDS_OF[flag]?.length ?? 0) > 0).map(({ command, flag }) => ({ name: command.name(), flag, command })))(
  '$name: a refusal about the field of $flag names the flag',
  ({ command, flag }) => {
    const flags = command.options.flatMap(({ long }) => long ?? []);
    for (const field of FIELDS_OF[flag] ?? []) {
      const problem = { title: 'T', detail: `Leave ${field} out.`, code: 'c', request_id: 'r', errors: [{ field, message: 'wrong' }] };
      const { message } = endingOf(new ProblemError(problem as never, null), { flags, options: {}, besideStack: false });
      expect(message).toContain(`\n  ${flagOf(field, flags)}: wrong`);
      expect(flagOf(field, flags)).toMatch(/^--/);
      if (field.includes('_')) expect(message).toContain(`Leave ${flagOf(field, flags)} out.`);
    }
  },
);

const creating = async (answer: object, ...more: string[]) => {
  const cwd = emptyFolder();
  writeFileSync(join(cwd, 'my.csv'), 'payee_reference,amount\np-1,1.00\n');
  const { env } = await apiOf(() => answer as never);
  return runSluice(['batch', 'create', 'my.csv', '--currency', 'EUR', ...more], { cwd, env });
};

test('a repeated file names the flag that says that it is meant; a column of a row keeps its name', async () => {
  const said = {
    batch_id: BATCH.id,
    detail: 'It is paid already. Send it with allow_duplicates.',
    errors: [{ field: 'account_token', message: 'm', row: 3 }],
  };
  const { stderr } = await creating(problemOf('repeated_file', 409, said));
  expect(stderr).toContain('Send it with --allow-duplicates.');
  expect(stderr).toContain('row 3, account_token: m');
  expect(stderr).toContain(`next: sluice batch show ${BATCH.id}`);
  const whole = {
    ...BATCH,
    state: 'refused',
    upload: { refusal: { code: 'duplicate_items', detail: 'Set allow_duplicates.', errors: [] } },
  };
  expect((await creating({ status: 202, body: whole })).stderr).toContain('Set --allow-duplicates.');
});

test('an external id that is taken: the next step shows the batch that has it', async () => {
  const { stderr } = await creating(problemOf('external_id_taken', 409), '--external-id', 'june');
  expect(stderr).toContain('next: sluice batch show june');
  expect((await creating(problemOf('external_id_taken', 409, { external_id: 'july' }))).stderr).toContain('next: sluice batch show july');
});

describe('a JSON file', () => {
  const create = commands(program).find((command) => command.name() === 'create' && command.parent?.name() === 'batch');
  const OPTIONS = (create?.options ?? []).filter(({ long }) => long !== '--format' && long !== '--no-wait');
  const sent = async (argv: string[]) => {
    const cwd = emptyFolder();
    writeFileSync(join(cwd, 'my.json'), '{"currency":"EUR"}');
    const { env, received } = await apiOf(() => ({ status: 202, body: BATCH }));
    const { code, stderr } = await runSluice(['batch', 'create', 'my.json', ...argv], { cwd, env });
    return { code, stderr, request: received.find(({ method }) => method === 'POST') };
  };

  test.each(OPTIONS.map((option) => ({ flag: option.long ?? '', argv: [option.long ?? '', ...(option.required ? ['x'] : [])] })))(
    'batch create $flag changes what is sent, or is refused',
    async ({ flag, argv }) => {
      const { code, stderr, request } = await sent(argv);
      if (code === 2) expect([stderr.includes(`${flag}: only for a CSV`), request]).toEqual([true, undefined]);
      else
        expect([code, `${request?.path} ${request?.body}`]).toEqual([0, expect.stringMatching(/validate_only|external_id|draft|allow_duplicates/)]);
    },
  );

  test('every flag that does not apply is named at once', async () => {
    expect((await sent(['--currency', 'EUR', '--rail', 'sandbox', '--draft'])).stderr).toMatch(/^--currency, --rail: only for a CSV\./);
  });

  const refused = async (content: string) => {
    const file = join(emptyFolder(), 'a.json');
    writeFileSync(file, content);
    const errors = [{ field: 'currency', reason: 'invalid_type', message: 'this field is required' }];
    const { env, received } = await apiOf(() => problemOf('invalid_request', 422, { errors }));
    const { said, run } = settingsOf(env);
    return { code: await run(['batch', 'create', file]), said: said.join('\n'), received };
  };

  test('its fields are named as its members, since its flags are refused', async () => {
    const { code, said } = await refused('{}');
    expect([code, said]).toEqual([1, expect.stringContaining('\n  currency: this field is required')]);
  });

  test.each([
    ['[]', 'a list'],
    ['[{"currency":"EUR"}]', 'a list'],
    ['"x"', 'a single value'],
    ['5', 'a single value'],
    ['null', 'a single value'],
  ])('%s is no batch, and is not sent', async (content, what) => {
    const { code, said, received } = await refused(content);
    expect([code, received]).toEqual([2, []]);
    expect(said).toContain(`holds ${what}; a batch is one object.`);
  });
});
