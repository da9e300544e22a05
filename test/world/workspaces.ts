import type { Services } from '../../operations/ports.js';
import { systemEntropy } from '../../vault/entropy.js';
import type { OwnDatabase } from './database.js';
import { newContext } from './services.js';

export interface Workspace {
  tenantId: string;
  mode: 'live' | 'test';
  /** Ids of its three EUR accounts. */
  funding: string;
  external: string;
  held: string;
  connectionId: string;
}

/** Settings of a rail connection at which nothing listens. */
const NO_PROVIDER = { base_url: 'http://127.0.0.1:9', endpoint: 'bulk', settlement: 'immediate' };

/**
 * Makes a workspace with accounts and a rail connection, in an organization of its own. `funds` (minor units) come with the audit
 * event that every transfer has; without funds the workspace has no event at all.
 */
export const newWorkspace = async (
  base: OwnDatabase & { services: Services },
  { mode = 'test', funds = 0n }: { mode?: 'live' | 'test'; funds?: bigint } = {},
): Promise<Workspace> => {
  const { newId } = systemEntropy;
  const [tenantId, organizationId, funding, external, held, connectionId] = [newId(), newId(), newId(), newId(), newId(), newId()];
  const sql = (text: string, values: unknown[]) => base.sqlIn(tenantId, text, values);
  await sql(`INSERT INTO organization (id, name) VALUES ($1, 'Demo')`, [organizationId]);
  await sql(`INSERT INTO workspace (tenant_id, organization_id, name, mode) VALUES ($1, $2, 'Demo', $3)`, [tenantId, organizationId, mode]);
  await sql(
    `INSERT INTO account (tenant_id, id, kind, currency, name) VALUES ($1, $2, 'funding', 'EUR', 'Main'), ($1, $3, 'external', 'EUR', 'external'), ($1, $4, 'held', 'EUR', 'held')`,
    [tenantId, funding, external, held],
  );
  await sql(`INSERT INTO rail_connection (tenant_id, id, rail, name, sealed) VALUES ($1, $2, 'sandbox', 'Sandbox', '\\x00')`, [
    tenantId,
    connectionId,
  ]);
  await sql('INSERT INTO rail_connection_version (tenant_id, connection_id, version, settings) VALUES ($1, $2, 1, $3)', [
    tenantId,
    connectionId,
    JSON.stringify(NO_PROVIDER),
  ]);
  if (funds > 0n) {
    const subject = { type: 'account', id: funding } as const;
    const setup = newContext(base, { type: 'system', process: 'setup' }, { tenantId, mode });
    const detail = { amount: funds.toString() };
    const eventId = await setup.inTenant((stores) => stores.audit.append({ subject, action: 'ledger.top_up', result: 'ok', detail }));
    await sql(
      `INSERT INTO transfer (tenant_id, id, debit_account_id, credit_account_id, amount, currency, kind, event_id) VALUES ($1, $2, $3, $4, $5, 'EUR', 'top_up', $6)`,
      [tenantId, newId(), external, funding, funds, eventId],
    );
  }
  return { tenantId, mode, funding, external, held, connectionId };
};
