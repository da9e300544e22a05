import { Connection } from '@temporalio/client';
import { prepareNamespace } from '../temporal/ensure-namespace.js';
import type { TemporalSettings } from '../temporal/settings.js';

/**
 * A Temporal server that runs elsewhere (TEMPORAL_ADDRESS, TEMPORAL_TLS, TEMPORAL_API_KEY): its namespace must be there,
 * and gets the search attributes where that is allowed. Throws an Error with the commands to run.
 */
export const ensureElsewhere = async (address: string, namespace: string, settings: TemporalSettings): Promise<void> => {
  const apiKey = process.env['TEMPORAL_API_KEY'];
  const tls = apiKey !== undefined || process.env['TEMPORAL_TLS'] === 'true';
  const connection = await Connection.connect({ address, connectTimeout: 10_000, ...(tls ? { tls } : {}), ...(apiKey ? { apiKey } : {}) }).catch(
    (error) => {
      throw new Error(
        `No Temporal server answers at TEMPORAL_ADDRESS ${address} (${(error as Error).message}). Start it, or unset TEMPORAL_ADDRESS.`,
      );
    },
  );
  try {
    await prepareNamespace(connection, { ...settings, namespace });
  } catch (error) {
    const attributes = Object.entries(settings.search_attributes).map(([name, type]) => `--name ${name} --type ${type}`);
    throw new Error(
      [
        `The Temporal namespace ${namespace} at ${address} is not ready (${(error as Error).message}). Run:`,
        `  temporal operator namespace create ${namespace} --retention ${settings.retention}`,
        `  temporal operator search-attribute create --namespace ${namespace} ${attributes.join(' ')}`,
      ].join('\n'),
    );
  } finally {
    await connection.close();
  }
};
