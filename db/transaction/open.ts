import { PrismaPg } from '@prisma/adapter-pg';
import { PrismaClient } from '../../prisma/generated/client.js';
import { nameOf, StatementPool } from './sql.js';

export type Database = PrismaClient;

/** A transaction as the stores get it: the ORM for single rows, `$queryRaw` for sets. */
export type Tx = Parameters<Parameters<PrismaClient['$transaction']>[0]>[0];

/**
 * A plan is kept for as long as its connection, and made when a table may have held one page: then reading it whole looked best, and
 * an upload of 100,000 rows reads it whole fifty times. Every statement names the tenant, which leads every index.
 */
const PLANNER = '-c plan_cache_mode=force_generic_plan -c enable_seqscan=off';

/**
 * One pool of one process role. Statements are named by their text, so that Postgres keeps their plans; the plans are
 * generic, because right after an ingest the statistics know nothing of the new rows.
 */
export const openDatabase = (url: string, connectionsMax: number): Database =>
  new PrismaClient({
    // No source lines in messages, and no stack taken at every call. The arguments in them are left out where they are logged.
    errorFormat: 'minimal',
    adapter: new PrismaPg(new StatementPool({ connectionString: url, max: connectionsMax, options: PLANNER }), {
      statementNameGenerator: (query) => nameOf(query.sql),
      disposeExternalPool: true,
    }),
  });
