import { Connection } from '@temporalio/client';
import { isOursAlone } from '../data-folder/folders.js';
import { startEmbeddedPostgres } from '../postgres/embedded.js';
import { prepareNamespace } from '../temporal/ensure-namespace.js';
import { findTemporalCli } from '../temporal/find-cli.js';
import type { TemporalSettings } from '../temporal/settings.js';
import { temporalPlan } from './part-plans.js';
import { runProcess } from './run-process.js';
import type { Site } from './site.js';
import type { Step } from './step.js';
import type { Begin } from './supervisor.js';

/**
 * Starts Postgres and Temporal, or checks the given servers. Returns the URL of the role that owns the database; no process of the
 * service gets it.
 */
export const startServers = async (
  site: Site,
  {
    begin,
    step,
    say,
    postgres = {},
  }: { begin: Begin; step: Step; say: (line: string) => void; postgres?: Readonly<Record<string, string>> | undefined },
): Promise<{ ownerUrl: string }> => {
  const { own, places, ports, settings } = site;
  let ownerUrl = site.database?.directUrl ?? '';
  const startPostgres = (): Promise<void> =>
    begin('postgres', async () => {
      const server = await startEmbeddedPostgres({
        ...{ dataDir: places.postgres, port: ports.postgres, log: places.logs.postgres, settings: postgres },
        ...(isOursAlone(places) ? { within: places.dataDir } : {}),
      });
      ({ ownerUrl } = server);
      return { ...server, ready: Promise.resolve() };
    });
  const startTemporal = async (): Promise<void> => {
    const cli = await findTemporalCli(say);
    await begin('temporal', async (extra) => runProcess(temporalPlan(cli, settings, places, ports, extra)));
  };
  await Promise.all([
    step(own.postgres ? 'Postgres' : 'Postgres (given)', async () => {
      if (own.postgres) await startPostgres();
    }),
    step(own.temporal ? 'Temporal' : 'Temporal (given)', () =>
      own.temporal ? startTemporal() : prepareGivenTemporal(site.temporal.address, site.temporal.namespace, settings),
    ),
  ]);
  return { ownerUrl };
};

/**
 * Prepares a given Temporal server (TEMPORAL_ADDRESS, TEMPORAL_TLS, TEMPORAL_API_KEY): its namespace must exist, and gets the search
 * attributes if that is allowed. Throws an Error with the commands to run.
 */
const prepareGivenTemporal = async (address: string, namespace: string, settings: TemporalSettings): Promise<void> => {
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
