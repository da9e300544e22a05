import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Database, openDatabase, type Tx } from '../../db/transaction/open.js';
import { createLogger } from '../../telemetry/logger.js';
import { systemEntropy } from '../../vault/entropy.js';
import { type TestDatabase, testDatabase } from '../harness/database.js';

let server: TestDatabase;
let database: Database;
beforeAll(async () => {
  server = await testDatabase();
  database = openDatabase(server.urls.worker, 1);
});
afterAll(async () => {
  await database?.close();
  await server?.drop();
});

const IBAN = 'DE89370400440532013000';
const id = systemEntropy.newId();
const person = { id, email: `${IBAN}\n}\n\n`, name: IBAN, password_hash: IBAN };
const wrong = <T>(value: unknown): T => value as T;

test.each<[string, (orm: Tx['orm']) => Promise<unknown>, string]>([
  ['of another type', (orm) => orm.person.create({ data: { ...person, password_hash: wrong({ was: IBAN }) } }), 'password_hash'],
  ['unknown', (orm) => orm.person.create({ data: { ...person, [wrong<'name'>('surname')]: IBAN } }), 'surname'],
  ['missing', (orm) => orm.person.create({ data: wrong<typeof person>({ id, name: IBAN, password_hash: IBAN }) }), 'email'],
  ['one of many', (orm) => orm.person.createMany({ data: [person, { ...person, name: wrong([IBAN]) }] }), 'name'],
  ['looked for', (orm) => orm.person.findMany({ where: { name: IBAN, email: { contains: wrong([id]) } } }), 'contains'],
])('an argument that is %s is named in the log, and no value of any [S3-23]', async (_what, call, name) => {
  const error = await database.transaction(({ orm }) => call(orm)).catch((caught: unknown) => caught);
  expect(String(error)).toContain(IBAN);
  for (const logged of [error, new Error('it broke', { cause: error })]) {
    const lines: string[] = [];
    createLogger('test', 'info', { write: (line) => void lines.push(line) }).error({ err: logged }, 'a request broke');
    const [line = ''] = lines;
    expect(line).toContain(name);
    expect(line).toContain('PrismaClientValidationError');
    for (const value of [IBAN, id]) expect(line).not.toContain(value);
  }
});
