import { defineConfig } from 'prisma/config';

/** `MIGRATE_DATABASE_URL` is the owner's; no process of the running service has it. */
export default defineConfig({
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
  datasource: { url: process.env['MIGRATE_DATABASE_URL'] ?? 'postgresql://localhost/none' },
});
