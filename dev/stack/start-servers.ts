import { startEmbeddedPostgres } from '../postgres/embedded.js';
import { findTemporalCli } from '../temporal/find-cli.js';
import type { Begin } from './crew.js';
import { ensureElsewhere } from './elsewhere.js';
import { temporalPlan } from './part-plans.js';
import { runProcess } from './run-process.js';
import type { Site } from './site.js';
import type { Step } from './step.js';

/**
 * Starts Postgres and Temporal, or makes sure of those elsewhere. Answers the URL of the role that owns the database, which
 * goes to no process of the service.
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
      const server = await startEmbeddedPostgres({ dataDir: places.postgres, port: ports.postgres, log: places.logs.postgres, settings: postgres });
      ({ ownerUrl } = server);
      return { ...server, ready: Promise.resolve() };
    });
  const startTemporal = async (): Promise<void> => {
    const cli = await findTemporalCli(say);
    await begin('temporal', async (extra) => runProcess(temporalPlan(cli, settings, places, ports, extra)));
  };
  await Promise.all([
    step(own.postgres ? 'Postgres' : 'Postgres elsewhere', async () => {
      if (own.postgres) await startPostgres();
    }),
    step(own.temporal ? 'Temporal' : 'Temporal elsewhere', () =>
      own.temporal ? startTemporal() : ensureElsewhere(site.temporal.address, site.temporal.namespace, settings),
    ),
  ]);
  return { ownerUrl };
};
