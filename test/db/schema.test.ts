import { expect, test } from '@jest/globals';
import { runPrisma } from '../../dev/postgres/migrate.js';
import { testDatabase } from '../harness/database.js';

test('schema.prisma says what the migrations made, to the last column', async () => {
  const database = await testDatabase();
  try {
    const diff = ['migrate', 'diff', '--from-config-datasource', '--to-schema', 'prisma/schema.prisma', '--script', '--exit-code'];
    const { code, output } = await runPrisma(diff, database.ownerUrl);
    // Otherwise the output is the SQL that turns the migrated database into the schema: DROP names what schema.prisma lacks,
    // CREATE and ADD name what the migrations lack.
    expect(output).toContain('-- This is an empty migration.');
    expect(code).toBe(0);
  } finally {
    await database.drop();
  }
}, 60_000);
