import { afterAll, expect, test } from '@jest/globals';
import { openDatabase } from '../../db/transaction/open.js';
import { createLogger } from '../../telemetry/logger.js';
import { systemEntropy } from '../../vault/entropy.js';

// Arguments are looked at before a connection is.
const database = openDatabase('postgresql://nobody@127.0.0.1:1/none', 1);
afterAll(() => database.$disconnect());

const IBAN = 'DE89370400440532013000';
const id = systemEntropy.newId();
const person = { id, email: `${IBAN}\n}\n\n`, name: IBAN, password_hash: IBAN };
const wrong = <T>(value: unknown): T => value as T;

test.each([
  ['of another type', () => database.person.create({ data: { ...person, password_hash: wrong({ was: IBAN }) } }), 'password_hash'],
  ['unknown', () => database.person.create({ data: { ...person, [wrong<'name'>('surname')]: IBAN } }), 'surname'],
  ['missing', () => database.person.create({ data: wrong<typeof person>({ id, name: IBAN, password_hash: IBAN }) }), 'email'],
  ['one of many', () => database.person.createMany({ data: [person, { ...person, name: wrong([IBAN]) }] }), 'name'],
  ['looked for', () => database.person.findMany({ where: { name: IBAN, email: { contains: wrong([id]) } } }), 'contains'],
])('[S3-23] an argument that is %s is named in the log, and no value of any', async (_what, call, name) => {
  const error = await Promise.resolve(call()).catch((caught: unknown) => caught);
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
