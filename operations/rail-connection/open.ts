import type { Context } from '../context.js';
import type { Stores } from '../ports.js';
import type { OpenConnection, Rail } from '../rail.js';

/** Where a rail connection's credentials are sealed; canonical JSON `{"api_key": …, "webhook_secret": …}`. */
export const credentialsPlace = (tenantId: string, connectionId: string) =>
  ({ tenantId, purpose: 'connection', record: connectionId, field: 'credentials' }) as const;

/** A rail connection with its credentials opened, and its rail; null when either does not exist. Throws when the credentials do not open. */
export const openConnection = async (
  ctx: Context,
  stores: Stores,
  connectionId: string,
): Promise<{ connection: OpenConnection; rail: Rail } | null> => {
  const row = await stores.railConnections.get(connectionId);
  const rail = row ? ctx.services.rails.get(row.rail) : undefined;
  if (!row || !rail) return null;
  const plain = await ctx.services.vault.open(stores.keys, credentialsPlace(ctx.tenantId, row.id), row.sealed);
  const credentials = JSON.parse(new TextDecoder().decode(plain)) as { api_key: string; webhook_secret: string };
  return {
    connection: {
      id: row.id,
      rail: row.rail,
      settings: row.settings,
      credentials: { apiKey: credentials.api_key, webhookSecret: credentials.webhook_secret },
    },
    rail,
  };
};
