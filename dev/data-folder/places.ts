import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PARTS, type PartName } from './state.js';

export const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** The paths inside a data folder. */
export const placesIn = (dataDir: string) => ({
  dataDir,
  postgres: join(dataDir, 'postgres'),
  temporalState: join(dataDir, 'temporal', 'state.db'),
  provider: join(dataDir, 'provider'),
  /** Messages that the local mail server took, one file each. */
  mail: join(dataDir, 'mail'),
  spool: join(dataDir, 'spool'),
  checkpoints: join(dataDir, 'checkpoints'),
  keyFile: join(dataDir, 'keys.json'),
  logins: join(dataDir, 'logins.json'),
  secrets: join(dataDir, 'secrets.json'),
  mailSecrets: join(dataDir, 'mail-secrets.json'),
  stackFile: join(dataDir, 'stack.json'),
  demoFile: join(dataDir, 'demo.json'),
  /** Says that what was there before migration 0032 was sealed; beside the key file, where no SQL comes. */
  sealedFile: join(dataDir, 'sealed.json'),
  roll: join(dataDir, 'roll.json'),
  /** Where the command line keeps the sessions of the demo's people (cli/identity/demo-person.ts). */
  sessions: join(dataDir, 'sessions'),
  logs: Object.fromEntries([...PARTS, 'supervisor'].map((name) => [name, join(dataDir, 'logs', `${name}.log`)])) as Record<
    PartName | 'supervisor',
    string
  >,
});

export type Places = ReturnType<typeof placesIn>;
