import { settingsHash } from '../../domain/batch/content.js';
import { sameBytes } from '../../domain/hashing.js';
import type { Context } from '../context.js';
import type { Stores } from '../ports.js';
import type { OpenConnection, Rail } from '../rail.js';
import { type BatchRow, versionOf } from '../stores/batches.js';
import type { DispatchRow } from '../stores/dispatches.js';
import type { RailConnectionRow } from '../stores/rail-connections.js';

/** Where a rail connection's credentials are sealed; canonical JSON `{"api_key": …, "webhook_secret": …}`. */
export const credentialsPlace = (tenantId: string, connectionId: string) =>
  ({ tenantId, purpose: 'connection', record: connectionId, field: 'credentials' }) as const;

export interface Opened {
  connection: OpenConnection;
  rail: Rail;
  /** Nothing new may be sent through it. */
  disabled: boolean;
}

/**
 * A rail connection with its credentials opened, and its rail; null when either does not exist. Without a version it has its newest
 * settings. Throws when the credentials do not open.
 */
export const openConnection = async (ctx: Context, stores: Stores, connectionId: string, version?: number): Promise<Opened | null> => {
  const row = await stores.railConnections.get(connectionId, version);
  return row && openRow(ctx, stores, row);
};

const openRow = async (ctx: Context, stores: Stores, row: RailConnectionRow): Promise<Opened | null> => {
  const rail = ctx.services.rails.get(row.rail);
  if (!rail) return null;
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
    disabled: row.disabledAt !== null,
  };
};

/**
 * The connection that a batch is paid through, in the version that its digest binds; null when its settings are not the ones that were
 * signed (R10). Throws when it does not exist.
 */
export const openSigned = async (ctx: Context, stores: Stores, batch: BatchRow): Promise<Opened | null> =>
  openRowAsSigned(ctx, stores, batch, await stores.railConnections.get(batch.connectionId, versionOf(batch)));

/** The same of a row that was read before: it has to be the batch's connection in the batch's version. */
export const openRowAsSigned = async (ctx: Context, stores: Stores, batch: BatchRow, row: RailConnectionRow | null): Promise<Opened | null> => {
  const opened = row && (await openRow(ctx, stores, row));
  if (!opened) throw new Error(`batch ${batch.id} names a rail or a version of a rail connection that does not exist`);
  const signed = batch.connectionSettings;
  return signed === null || sameBytes(settingsHash(ctx.services.sha256, opened.connection.settings), signed) ? opened : null;
};

/**
 * The connection that a chunk was sent through: that of its newest dispatch, whatever the batch says by now (R4). Null when its settings
 * are not the ones that were signed.
 */
export const openSender = async (
  ctx: Context,
  stores: Stores,
  batch: BatchRow,
  sent: Pick<DispatchRow, 'connectionId' | 'connectionVersion'> | undefined,
): Promise<Opened | null> =>
  sent && !sentAsSigned(batch, sent) ? openConnection(ctx, stores, sent.connectionId, sent.connectionVersion) : openSigned(ctx, stores, batch);

/** Whether a dispatch went through the connection, and the version of its settings, that its batch names. */
export const sentAsSigned = (batch: BatchRow, sent: Pick<DispatchRow, 'connectionId' | 'connectionVersion'>): boolean =>
  sent.connectionId === batch.connectionId && sent.connectionVersion === versionOf(batch);
