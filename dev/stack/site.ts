import { makeFolders } from '../data-folder/folders.js';
import type { Places } from '../data-folder/places.js';
import { readTemporalSettings, type TemporalSettings } from '../temporal/settings.js';
import { choosePorts, type PortName, type Ports, requireFree } from './ports.js';

/** Folders and ports of a stack, and which servers it starts itself. */
export interface Site {
  places: Places;
  ports: Ports;
  own: Record<'postgres' | 'temporal', boolean>;
  /** A given Postgres, as the role that sets Sluice up: the URL for the processes (perhaps of a pool), and that of the server itself. */
  database: { url: string; directUrl: string } | null;
  settings: TemporalSettings;
  temporal: { address: string; namespace: string; env: Record<string, string> };
  uiUrl: string;
}

export const LOOPBACK = 'http://127.0.0.1';

const TEMPORAL_PORTS: readonly PortName[] = ['temporal', 'ui', 'temporal_metrics', 'temporal_http'];

/**
 * Reads the environment, creates the folders and chooses the ports. `databaseUrl` takes precedence over DATABASE_URL. Throws an Error
 * that names the first port that is taken.
 */
export const chooseSite = async (places: Places, wish: 'usual' | 'free' | number, databaseUrl?: string): Promise<Site> => {
  makeFolders(places);
  const settings = readTemporalSettings();
  const { frontend: temporal, ui, metrics: temporal_metrics, http: temporal_http } = settings.ports;
  const ports = await choosePorts(wish, { temporal, ui, temporal_metrics, temporal_http });
  const database = databaseUrl ? { url: databaseUrl, directUrl: databaseUrl } : givenDatabase();
  const own = { postgres: !database, temporal: !process.env['TEMPORAL_ADDRESS'] };
  const here = (name: PortName): boolean => (name === 'postgres' ? own.postgres : own.temporal || !TEMPORAL_PORTS.includes(name));
  await requireFree(Object.fromEntries((Object.entries(ports) as [PortName, number][]).filter(([name]) => here(name))));
  return {
    ...{ places, ports, own, database, settings },
    temporal: {
      address: process.env['TEMPORAL_ADDRESS'] ?? `127.0.0.1:${ports.temporal}`,
      namespace: own.temporal ? settings.namespace : (process.env['TEMPORAL_NAMESPACE'] ?? settings.namespace),
      env: own.temporal ? {} : temporalAccess(),
    },
    uiUrl: process.env['SLUICE_UI_URL'] ?? `${LOOPBACK}:${ports.ui}`,
  };
};

const givenDatabase = (): Site['database'] => {
  const url = process.env['DATABASE_URL'];
  return url ? { url, directUrl: process.env['DATABASE_DIRECT_URL'] ?? url } : null;
};

const temporalAccess = (): Record<string, string> =>
  Object.fromEntries(['TEMPORAL_TLS', 'TEMPORAL_API_KEY'].flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])));
