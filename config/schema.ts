import { z } from 'zod';
import { networkMessage, readNetwork } from '../domain/network.js';

/** Settings that several processes share. Each process has one schema; `sluice doctor` prints the values, secrets masked. */

export const secret = (description: string) => z.string().min(1).meta({ description, secret: true });
export const setting = (description: string) => z.string().min(1).meta({ description });
export const port = (description: string, fallback: number) => z.coerce.number().int().min(0).max(65_535).default(fallback).meta({ description });
export const count = (description: string, fallback: number) => z.coerce.number().int().min(1).default(fallback).meta({ description });

/** Addresses and networks in CIDR notation, separated by commas; read in their one form (domain/network.ts). */
export const networks = (description: string) =>
  z
    .string()
    .transform((text, issue) => {
      const given = text.split(',').flatMap((one) => one.trim() || []);
      for (const one of given) {
        const message = networkMessage(one);
        if (message) issue.addIssue({ code: 'custom', message: `${one}: ${message}` });
      }
      return given.flatMap((one) => readNetwork(one) ?? []);
    })
    .meta({ description });
export const countOrNone = (description: string, fallback: number) => z.coerce.number().int().min(0).default(fallback).meta({ description });

export const shared = {
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('info').meta({ description: 'Lowest level that is logged' }),
  SLUICE_KEY_FILE: setting('File with root key, checkpoint signer and codec key; `npm start` creates it on the first start'),
  SLUICE_CHECKPOINT_DIR: setting('Folder outside the database where signed checkpoints are published'),
};

export const temporal = {
  TEMPORAL_ADDRESS: setting('host:port of the Temporal frontend').default('127.0.0.1:7233'),
  TEMPORAL_NAMESPACE: setting('Namespace').default('sluice'),
  TEMPORAL_TLS: z.enum(['true', 'false']).default('false').meta({ description: 'TLS to the frontend; implied by an API key' }),
  TEMPORAL_API_KEY: secret('API key of Temporal Cloud').optional(),
};

/** Reads the environment. Throws an Error that names every wrong variable and its fix. */
export const readConfig = <T extends z.ZodObject>(schema: T, env: Record<string, string | undefined>): z.infer<T> => {
  const parsed = schema.safeParse(env);
  if (parsed.success) return parsed.data;
  const lines = parsed.error.issues.map((issue) => `  ${issue.path.join('.')}: ${issue.message}`);
  throw new Error(
    `The configuration is incomplete or wrong:\n${lines.join('\n')}\nSet these variables, or run \`npm start\`, which sets all of them.`,
  );
};
