import type { TemporalSettings } from './settings.js';

/** What differs from one start to the next. */
export interface TemporalPlace {
  /** File of the server's state, so that a restart goes on where it was. */
  stateFile: string;
  ports: TemporalSettings['ports'];
  /** Where the Web UI decodes payloads. */
  codecEndpoint?: string;
}

/** The settings as flags of `temporal server start-dev`. */
export const serverFlags = (settings: TemporalSettings, place: TemporalPlace): string[] => [
  'server',
  'start-dev',
  ...['--ip', '127.0.0.1'],
  ...['--port', String(place.ports.frontend)],
  ...['--ui-port', String(place.ports.ui)],
  ...['--metrics-port', String(place.ports.metrics)],
  ...['--http-port', String(place.ports.http)],
  ...['--db-filename', place.stateFile],
  ...['--namespace', settings.namespace],
  ...['--log-level', settings.log_level],
  ...Object.entries(settings.sqlite).flatMap(([name, value]) => ['--sqlite-pragma', `${name}=${value}`]),
  ...Object.entries(settings.search_attributes).flatMap(([name, type]) => ['--search-attribute', `${name}=${type}`]),
  ...Object.entries(settings.dynamic_config).flatMap(([key, value]) => ['--dynamic-config-value', `${key}=${JSON.stringify(value)}`]),
  ...(place.codecEndpoint ? ['--ui-codec-endpoint', place.codecEndpoint] : []),
  // The UI loads nothing from outside.
  '--ui-disable-news-fetch',
];
