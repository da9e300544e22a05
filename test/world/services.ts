import { tenantTransactions } from '../../db/transaction/tenant.js';
import type { Actor } from '../../domain/actors.js';
import type { Context } from '../../operations/context.js';
import type { Services } from '../../operations/ports.js';
import type { Rails } from '../../operations/rail.js';
import { openCheckpointSigner } from '../../vault/checkpoint-signer.js';
import { openCredentials } from '../../vault/credentials.js';
import { systemEntropy } from '../../vault/entropy.js';
import { openGateKey } from '../../vault/gate-key.js';
import type { KeyFile } from '../../vault/key-file.js';
import { openMailSeal } from '../../vault/mail-seal.js';
import { openMembershipKey } from '../../vault/membership-key.js';
import { openVault } from '../../vault/open-vault.js';
import { openPasskeys } from '../../vault/passkeys.js';
import { requestSignatures } from '../../vault/request-signatures.js';
import { sha256 } from '../../vault/sha256.js';
import { CHEAP_ARGON2 } from '../harness/cheap-argon2.js';
import type { OwnDatabase } from './database.js';
import { watchLocks } from './lock-order.js';
import { RELYING_PARTY } from './passkey.js';

/** How a context differs from the usual one: the API's login, the home workspace, the services of the world. */
export interface ContextOptions {
  tenantId?: string;
  mode?: 'live' | 'test';
  login?: 'api' | 'worker';
  services?: Partial<Services>;
}

/** The real services of a process, except for a password hash that costs nearly nothing and as many of them at once as a test wants. */
export const openServices = (keyFile: KeyFile, rails: Rails) => {
  const credentials = openCredentials(keyFile, { argon2: CHEAP_ARGON2, hashing: { atOnce: 2, waitingMax: 1_000 } });
  const services: Services = {
    sha256,
    entropy: systemEntropy,
    vault: openVault(keyFile, systemEntropy),
    credentials,
    factorRestMs: 24 * 3_600_000,
    gateKey: openGateKey(keyFile),
    membershipKey: openMembershipKey(keyFile),
    passkeys: openPasskeys(RELYING_PARTY),
    mailSeal: openMailSeal(keyFile),
    requestSignatures,
    rails,
    signer: openCheckpointSigner(keyFile),
    recovery: { reason: () => null },
    failpoint: async () => {},
  };
  return { services, credentials };
};

/** A context on the database, for any workspace and any actor. */
export const newContext = (
  base: { pool: OwnDatabase['pool']; services: Services },
  actor: Actor,
  { tenantId, mode = 'test', login = 'api', services = {} }: ContextOptions & { tenantId: string },
): Context => {
  const requestId = systemEntropy.newId();
  const inTenant = watchLocks(tenantTransactions(base.pool(login), { tenantId, actor, requestId }));
  return { tenantId, mode, actor, requestId, inTenant, services: { ...base.services, ...services } };
};
