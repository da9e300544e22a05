import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { writePrivately } from './state.js';

/** What Sluice and the sandbox provider share: the bearer key, and the secret that signs webhooks. */
export interface ProviderSecrets {
  apiKey: string;
  webhookSecret: string;
}

/** Made at random on the first start, and kept in the data folder. */
export const providerSecrets = (file: string): ProviderSecrets => {
  if (!existsSync(file))
    writePrivately(file, { apiKey: `provider_${randomBytes(18).toString('hex')}`, webhookSecret: `whsec_${randomBytes(32).toString('base64')}` });
  return JSON.parse(readFileSync(file, 'utf8')) as ProviderSecrets;
};
