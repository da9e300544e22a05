import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { writePrivateJson } from '../../cli/identity/private-file.js';
import { fromWireId } from '../../domain/ids.js';
import type { Argon2Cost } from '../../vault/credentials.js';
import type { Demo } from '../data-folder/state.js';
import { ensureLogins, type LoginUrls } from '../postgres/logins.js';
import { migrate } from '../postgres/migrate.js';
import { isSealed, sealOnce } from '../seed/seal-before.js';
import { sealReport } from '../seed/seal-report.js';
import { type SeedPlan, seed } from '../seed/seed.js';
import { LOOPBACK, type Site } from './site.js';
import type { Step } from './step.js';

/** A database that is ready for the processes: migrated, with a login for each of them and the demo workspaces. */
export interface Prepared {
  logins: LoginUrls;
  /** The same logins without a transaction pool. */
  directLogins: LoginUrls;
  demo: Demo;
  provider: ProviderSecrets;
}

/** Migrates the database and creates logins and demo workspaces, each only when missing. */
export const prepareDatabase = async (
  { database, places, ports }: Site,
  ownerUrl: string,
  { step, say, connection, argon2 }: { step: Step; say: (line: string) => void; connection: SeedPlan['connection']; argon2?: Argon2Cost | undefined },
): Promise<Prepared> => {
  await step('migrations', () => migrate(ownerUrl));
  const directLogins = await step('logins', () => ensureLogins(ownerUrl, places.logins));
  const provider = providerSecrets(places.secrets);
  // Before the seed, which stops when the file of the demo is gone: a database that real people use has members to seal all the same.
  const sealing = { ownerUrl, keyFile: places.keyFile, sealedFile: places.sealedFile };
  const sealed = await sealOnce(sealing);
  if (sealed) for (const line of sealReport(sealed, sealing)) say(line);
  const demo = await step('demo workspace', () =>
    seed({
      ...{ ownerUrl, connection, keyFile: places.keyFile, demoFile: places.demoFile },
      provider: { baseUrl: `${LOOPBACK}:${ports.provider}`, ...provider },
      ...(argon2 ? { argon2 } : {}),
    }),
  );
  // A database that was empty has nothing of before, and never will: whatever somebody writes into it from now on stays without a seal.
  if (!isSealed(sealing)) await sealOnce(sealing);
  if (!fromWireId('connection', demo.connection_id)) throw new Error('demo.json names no rail connection; wipe the data folder: npm run reset');
  return { logins: throughPool(directLogins, database?.url ?? ownerUrl), directLogins, demo, provider };
};

/** The login URLs with host and options of DATABASE_URL, which may be a transaction pool. */
const throughPool = (logins: LoginUrls, poolUrl: string): LoginUrls => {
  const pool = new URL(poolUrl);
  return Object.fromEntries(
    PROCESS_NAMES.map((name) => {
      const url = new URL(logins[name]);
      url.host = pool.host;
      url.search = pool.search;
      return [name, url.href];
    }),
  ) as LoginUrls;
};

const PROCESS_NAMES = ['api', 'worker', 'relay', 'sequencer'] as const;

/** The secrets that Sluice and the sandbox provider share: the bearer key, and the key that signs webhooks. */
interface ProviderSecrets {
  apiKey: string;
  webhookSecret: string;
}

/** Reads the secrets from the data folder; creates them on the first start. */
const providerSecrets = (file: string): ProviderSecrets => {
  if (!existsSync(file))
    writePrivateJson(file, { apiKey: `provider_${randomBytes(18).toString('hex')}`, webhookSecret: `whsec_${randomBytes(32).toString('base64')}` });
  return JSON.parse(readFileSync(file, 'utf8')) as ProviderSecrets;
};
