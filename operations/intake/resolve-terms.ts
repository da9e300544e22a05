import type { z } from 'zod';
import type { createBatch } from '../../contracts/batches.js';
import { settingsHash } from '../../domain/batch/content.js';
import type { FieldError } from '../../domain/result.js';
import type { Context } from '../context.js';
import type { Stores } from '../ports.js';
import type { RailCapabilities } from '../rail.js';
import type { AccountRow } from '../stores/accounts.js';
import type { NewBatch } from '../stores/batches.js';
import type { RailConnectionRow } from '../stores/rail-connections.js';

/** What a request says of a new batch apart from its items; JSON body and CSV query share it. */
export type BatchHeader = Omit<z.output<typeof createBatch>, 'items'>;

/** The header after every name in it has been looked up. */
export interface Terms {
  rail: string;
  connectionId: string;
  connectionVersion: number;
  /** SHA-256 over the settings of that version. */
  connectionSettings: Uint8Array;
  fundingAccountId: string;
  currency: string;
  capabilities: RailCapabilities;
  executeNotBefore: Date | null;
  executeBy: Date | null;
}

/** What a single payment is checked by. */
export type PaymentTerms = Pick<Terms, 'currency' | 'capabilities'>;

/** Looks up rail, connection and funding account of a new batch. An id of another workspace is refused like one that does not exist. */
export const resolveTerms = async (ctx: Context, stores: Stores, header: BatchHeader): Promise<{ terms: Terms } | { errors: FieldError[] }> => {
  const connection = header.connection ? await stores.railConnections.get(header.connection) : await stores.railConnections.forRail(header.rail);
  const account = header.funding_account ? await stores.accounts.get(header.funding_account) : await stores.accounts.funding(header.currency);
  const rail = ctx.services.rails.get(header.rail);
  const capabilities = rail && connection ? rail.capabilities(connection) : null;
  const errors = [
    ...connectionErrors(header, connection, capabilities),
    ...currencyErrors(header, capabilities),
    ...accountErrors(header, account),
    ...timeErrors(header, stores.now),
  ];
  if (errors.length > 0 || !connection || !account || !capabilities) return { errors };
  const { execute_not_before: notBefore, execute_by: by } = header;
  return {
    terms: {
      rail: header.rail,
      connectionId: connection.id,
      connectionVersion: connection.version,
      connectionSettings: settingsHash(ctx.services.sha256, connection.settings),
      fundingAccountId: account.id,
      currency: header.currency,
      capabilities,
      executeNotBefore: notBefore ? new Date(notBefore) : null,
      executeBy: by ? new Date(by) : null,
    },
  };
};

/** The part of a batch that never changes, before it is stored. */
export const newBatch = (
  ctx: Context,
  header: Pick<BatchHeader, 'external_id' | 'description' | 'allow_duplicates'>,
  terms: Terms,
  origin: Pick<NewBatch, 'source' | 'sourceSha256'>,
): NewBatch => ({
  id: ctx.services.entropy.newId(),
  externalId: header.external_id ?? null,
  description: header.description,
  rail: terms.rail,
  connectionId: terms.connectionId,
  connectionVersion: terms.connectionVersion,
  connectionSettings: terms.connectionSettings,
  fundingAccountId: terms.fundingAccountId,
  currency: terms.currency,
  chunkSize: terms.capabilities.chunkSize,
  ...origin,
  allowDuplicates: header.allow_duplicates,
  feeBearer: 'sender',
  feeMaximum: 0n,
  executeNotBefore: terms.executeNotBefore,
  executeBy: terms.executeBy,
});

const error = (field: string, reason: string, message: string): FieldError[] => [{ field, reason, message }];

const connectionErrors = (header: BatchHeader, connection: RailConnectionRow | null, capabilities: RailCapabilities | null): FieldError[] => {
  if (!connection && header.connection) return error('connection', 'no_such_connection', 'the workspace has no connection of this id');
  if (!connection || !capabilities) return error('rail', 'no_such_rail', 'the workspace has no connection of this rail');
  if (connection.rail !== header.rail) return error('connection', 'connection_of_other_rail', 'this connection belongs to another rail');
  if (connection.disabledAt) return error('connection', 'connection_disabled', 'this connection is disabled; name another one');
  return [];
};

const currencyErrors = (header: BatchHeader, capabilities: RailCapabilities | null): FieldError[] => {
  if (capabilities && capabilities.currencies !== 'any' && !capabilities.currencies.includes(header.currency))
    return error('currency', 'currency_not_on_rail', 'this rail does not pay in this currency');
  return [];
};

const accountErrors = (header: BatchHeader, account: AccountRow | null): FieldError[] => {
  if (account?.kind !== 'funding')
    return error('funding_account', 'no_such_account', 'the workspace has no such funding account in this currency; make one or name another');
  if (account.currency !== header.currency)
    return error('funding_account', 'account_of_other_currency', 'this funding account holds another currency than the batch');
  return [];
};

const timeErrors = (header: BatchHeader, now: Date): FieldError[] => {
  const by = header.execute_by ? new Date(header.execute_by) : null;
  if (by && by <= now) return error('execute_by', 'in_the_past', 'this time has passed; choose a later one');
  if (by && header.execute_not_before && new Date(header.execute_not_before) >= by)
    return error('execute_not_before', 'after_execute_by', 'execute_not_before must lie before execute_by');
  return [];
};
