import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type pg from 'pg';
import type { Rails } from '../../operations/rail.js';
import { openRails } from '../../rails/registry.js';
import { createKeyFile } from '../../vault/key-file.js';
import { batchesOf } from './batches.js';
import { contextsOf } from './contexts.js';
import { openOwnDatabase } from './database.js';
import { gatesOf } from './gates.js';
import { logOf } from './log.js';
import { operatorsOf } from './operators.js';
import { payeesOf } from './payees.js';
import { peopleOf } from './people.js';
import { openServices } from './services.js';
import { newWorkspace } from './workspaces.js';

export interface WorldOptions {
  /** Money of the home workspace in minor units. With none its audit log is empty. */
  funds?: bigint;
  rails?: Rails;
}

/**
 * A world for tests: a database of its own with one workspace (`home`), the real services, and contexts to act in it as anybody. No
 * process runs in it, and connections are made when they are first used. `close` leaves nothing behind.
 */
export const openWorld = async ({ funds = 1_000_000n, rails = openRails() }: WorldOptions = {}) => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-world-'));
  const keyFilePath = join(folder, 'keys.json');
  const keyFile = createKeyFile(keyFilePath);
  const database = await openOwnDatabase();
  const { sqlIn } = database;
  const { services, credentials } = openServices(keyFile, rails);
  const workspace = (options?: { mode?: 'live' | 'test'; funds?: bigint }) => newWorkspace({ ...database, services }, options);
  const home = await workspace({ funds });
  const base = { ...database, folder, keyFile, keyFilePath, services, credentials, home };
  const contexts = contextsOf(base);
  const people = peopleOf(base);
  const payees = payeesOf({ ...base, ...contexts });
  const batches = batchesOf({ ...base, ...payees });

  /** Runs one statement as the owner, in the home workspace or another one. */
  const sql = <Row extends pg.QueryResultRow>(text: string, values: unknown[] = [], tenantId = home.tenantId): Promise<Row[]> =>
    sqlIn<Row>(tenantId, text, values);

  /** Money on an account of the home workspace, in minor units. */
  const balance = async (accountId: string): Promise<bigint> => {
    const [row] = await sql<{ balance: string }>(`SELECT balance FROM account WHERE id = $1`, [accountId]);
    return BigInt(row?.balance ?? '0');
  };

  return {
    ...base,
    ...contexts,
    ...people,
    ...operatorsOf(base),
    ...payees,
    ...batches,
    ...gatesOf({ ...contexts, ...people, ...batches }),
    ...logOf({ ...base, ...contexts }),
    workspace,
    sql,
    balance,
    close: async () => {
      await database.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
};

export type World = Awaited<ReturnType<typeof openWorld>>;
