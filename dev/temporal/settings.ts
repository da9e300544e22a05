import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { z } from 'zod';

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const tcpPort = z.number().int().min(1).max(65_535);
const identifier = z.string().regex(/^[A-Za-z][A-Za-z0-9_]*$/);

/** What temporal-dev.yaml may say; anything else is refused, because the server would not notice. */
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
