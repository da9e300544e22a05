import { Prisma } from '../../prisma/generated/client.js';

/*
 * Locks of a transaction that queue: whoever waits for an exclusive one comes before all who ask later. A row lock FOR SHARE does not
 * queue, so many short readers keep a writer out for as long as they come (docs/adr/0038). Always in this order (R8): workspace,
 * batch, chunks. An id that names nothing is locked like any other, so each name has its tenant: nobody waits for whom asks about an id of
 * others. Two names with the same hash only wait for each other.
 */

const keyOf = (name: string): Prisma.Sql => Prisma.sql`hashtextextended(${name}, 0)`;

export const workspaceKey = (tenantId: string): Prisma.Sql => keyOf(`workspace ${tenantId}`);
export const batchKey = (tenantId: string, batchId: string): Prisma.Sql => keyOf(`batch ${tenantId}/${batchId}`);

/**
 * Chunks of one batch share this many locks, because evidence of one transaction may lie in thousands of chunks and Postgres has room for a
 * bounded number of locks. Chunks that are sent side by side lie close together, so they do not meet.
 */
const CHUNK_LOCKS = 256;
export const chunkKey = (tenantId: string, batchId: string, lock: number): Prisma.Sql => keyOf(`chunk ${tenantId}/${batchId}/${lock}`);
/** The locks of some chunks, each once, in the order in which they are taken. */
export const chunkLocks = (chunks: readonly number[]): number[] => [...new Set(chunks.map((chunk) => chunk % CHUNK_LOCKS))].sort((a, b) => a - b);
/** What a plan counts in a workspace: batches of a day, members, keys. Comes after the workspace, before all others. */
export const planKey = (tenantId: string): Prisma.Sql => keyOf(`plan ${tenantId}`);
/** Sealing of batches of a workspace; comes after items, before exceptions and audit heads. */
export const factsKey = (tenantId: string): Prisma.Sql => keyOf(`facts ${tenantId}`);

export const exclusive = (key: Prisma.Sql): Prisma.Sql => Prisma.sql`pg_advisory_xact_lock(${key})`;
export const shared = (key: Prisma.Sql): Prisma.Sql => Prisma.sql`pg_advisory_xact_lock_shared(${key})`;
