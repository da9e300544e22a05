import { PrismaPg } from '@prisma/adapter-pg';
import { PrismaClient } from '../prisma/generated/client.js';
import { nameOf, StatementPool } from './statements.js';

export type Database = PrismaClient;

/** A transaction as the stores get it: the ORM for single rows, `$queryRaw` for sets. */
export type Tx = Parameters<Parameters<PrismaClient['$transaction']>[0]>[0];

/**
 * One pool of one process role. Statements are named by their text, so that Postgres keeps their plans; the plans are
 * generic, because right after an ingest the statistics know nothing of the new rows.
 */
export const openDatabase = (url: string, connectionsMax: number): Database =>
  new PrismaClient({
    adapter: new PrismaPg(new StatementPool({ connectionString: url, max: connectionsMax, options: '-c plan_cache_mode=force_generic_plan' }), {
      statementNameGenerator: (query) => nameOf(query.sql),
      disposeExternalPool: true,
    }),
  });
