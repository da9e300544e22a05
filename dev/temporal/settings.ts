import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { z } from 'zod';

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const tcpPort = z.number().int().min(1).max(65_535);
const identifier = z.string().regex(/^[A-Za-z][A-Za-z0-9_]*$/);

/** The format of temporal-dev.yaml. Other keys are refused, because the server would ignore them without a warning. */
export const temporalSettings = z.strictObject({
  namespace: z.string().regex(/^[a-z0-9][a-z0-9-]*$/),
  retention: z.string().regex(/^[1-9]\d*h$/, 'hours, such as 72h'),
  log_level: z.enum(['debug', 'info', 'warn', 'error']),
  ports: z.strictObject({ frontend: tcpPort, ui: tcpPort, metrics: tcpPort, http: tcpPort }),
  search_attributes: z.record(identifier, z.enum(['Text', 'Keyword', 'Int', 'Double', 'Bool', 'Datetime', 'KeywordList'])),
  sqlite: z.strictObject({ journal_mode: z.enum(['wal', 'delete']), synchronous: z.enum(['off', 'normal', 'full', 'extra']) }),
  dynamic_config: z.record(z.string().regex(/^[a-z]+\.[A-Za-z]+$/), z.union([z.boolean(), z.number(), z.string()])),
});

export type TemporalSettings = z.infer<typeof temporalSettings>;

/** Reads temporal-dev.yaml. Throws an Error that names each wrong key and the file. */
export const readTemporalSettings = (file = join(ROOT, 'temporal-dev.yaml')): TemporalSettings => {
  const parsed = temporalSettings.safeParse(parse(readFileSync(file, 'utf8')));
  if (parsed.success) return parsed.data;
  throw new Error(`${file} is not valid:\n${z.prettifyError(parsed.error)}`);
};

/** The settings that differ between two starts. */
interface TemporalPlace {
  /** File of the server's state, so that it survives a restart. */
  stateFile: string;
  ports: TemporalSettings['ports'];
  /** Address where the Web UI gets payloads decoded. */
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
  // The Web UI must load nothing from other machines.
  '--ui-disable-news-fetch',
];
