import { Prisma } from '../../prisma/generated/client.js';

/*
 * Locks of a transaction that queue: whoever waits for an exclusive one comes before all who ask later. A row lock FOR SHARE does not
 * queue, so many short readers keep a writer out for as long as they come (docs/adr/0038). Always in this order (R8): workspace,
 * batch, chunks. An id that names nothing is locked like any other. Two names with the same hash only wait for each other.
 */

const keyOf = (name: string): Prisma.Sql => Prisma.sql`hashtextextended(${name}, 0)`;

export const workspaceKey = (tenantId: string): Prisma.Sql => keyOf(`workspace ${tenantId}`);
export const batchKey = (batchId: string): Prisma.Sql => keyOf(`batch ${batchId}`);
export const chunkKey = (batchId: string, chunk: number): Prisma.Sql => keyOf(`chunk ${batchId}/${chunk}`);

export const exclusive = (key: Prisma.Sql): Prisma.Sql => Prisma.sql`pg_advisory_xact_lock(${key})`;
export const shared = (key: Prisma.Sql): Prisma.Sql => Prisma.sql`pg_advisory_xact_lock_shared(${key})`;
