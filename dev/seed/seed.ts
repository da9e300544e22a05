import { existsSync, readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { writePrivateJson } from '../../cli/identity/private-file.js';
import { storesOf } from '../../db/stores.js';
import { enterTenant } from '../../db/transaction/enter.js';
import { openDatabase, type Tx } from '../../db/transaction/open.js';
import { toWireId } from '../../domain/ids.js';
import { KEY_SCOPES, type Permission, ROLES } from '../../domain/permissions.js';
import type { Stores, Vault } from '../../operations/ports.js';
import { credentialsPlace } from '../../operations/rail-connection/open.js';
import { type Argon2Cost, openCredentials } from '../../vault/credentials.js';
import { systemEntropy } from '../../vault/entropy.js';
import { createKeyFile, readKeyFile } from '../../vault/key-file.js';
import { openVault } from '../../vault/open-vault.js';
import type { Demo, DemoPerson } from '../data-folder/state.js';
import { newMembership } from './new-membership.js';
import { hasInstallation } from './own-installation.js';
import { DEMO_PEOPLE, newPassword } from './people.js';

export interface SeedPlan {
  ownerUrl: string;
  keyFile: string;
  /** The file with passwords and secrets, which stand nowhere else. */
  demoFile: string;
  provider: { baseUrl: string; apiKey: string; webhookSecret: string };
  connection: { endpoint: 'bulk' | 'single'; settlement: 'immediate' | 'async'; timeout_ms?: number };
  /** Cost of password hashes; tests choose a cheap one. */
  argon2?: Argon2Cost;
}

/** Only one, so that a batch does not have to name its funding account. */
const CURRENCIES = ['EUR'];
const KEY_SCOPES_OF_DEMO: readonly Permission[] = KEY_SCOPES.filter((scope) => (ROLES.preparer as readonly Permission[]).includes(scope));
/** The demo begins with factors that were confirmed before it and have rested, as if its people had worked for long: its gates open at once. */
const BEFORE_THE_DEMO = new Date(0);
const RESTED = { name: 'authenticator', confirmed_at: BEFORE_THE_DEMO, gates_from: BEFORE_THE_DEMO };
const newId = (): string => systemEntropy.newId();

/**
 * Makes the demo once: an organization with a live and a test workspace, accounts, the sandbox rail connection, six people
 * and an API key. Later calls only add a version of the connection when the provider listens elsewhere. Throws an Error when the database belongs to another
 * installation, because then nothing can be decrypted and nothing may be sent (R15), and when the demo file is gone.
 */
export const seed = async (plan: SeedPlan): Promise<Demo> => {
  const key = existsSync(plan.keyFile) ? readKeyFile(plan.keyFile) : createKeyFile(plan.keyFile);
  const database = openDatabase(plan.ownerUrl, 1);
  try {
    const installation = await hasInstallation(database, plan.keyFile, () => key);
    if (installation && existsSync(plan.demoFile)) {
      const demo = JSON.parse(readFileSync(plan.demoFile, 'utf8')) as Demo & { tenants: Tenants };
      await database.transaction((tx) => pointAtProvider(tx, demo.tenants, plan));
      return demo;
    }
    if (installation)
      throw new Error(`The database is seeded, but ${plan.demoFile} with the passwords is gone. Put it back, or start anew: npm run reset`);
    const credentials = openCredentials(key, plan.argon2 ? { argon2: plan.argon2 } : {});
    const people = await Promise.all(
      DEMO_PEOPLE.map(async (person) => {
        const password = newPassword();
        const [id, factorId] = [newId(), newId()];
        const made = credentials.newTotpFactor({ id: factorId, personId: id }, person.email);
        const [hash, factor] = await Promise.all([credentials.hashPassword(password, id), made]);
        return { ...person, id, password, hash, factorId, factor };
      }),
    );
    const apiKey = credentials.newToken('api_key', 'test');
    const tenants: Tenants = { organization: newId(), live: newId(), test: newId(), connection: newId(), apiKey: newId() };
    const funding = newId();
    const vault = openVault(key, systemEntropy);
    const demo: Demo & { tenants: Tenants } = {
      workspace_id: toWireId('workspace', tenants.test),
      live_workspace_id: toWireId('workspace', tenants.live),
      connection_id: toWireId('connection', tenants.connection),
      funding_account_id: toWireId('account', funding),
      api_key: apiKey.token,
      people: people.map(
        ({ role, name, email, password, factor }): DemoPerson => ({
          role,
          name,
          email,
          password,
          totp_secret: factor.secret,
          otpauth_uri: factor.otpauthUri,
        }),
      ),
      tenants,
    };
    // The file comes before the commit: after a crash in between, the next start writes a new file.
    writePrivateJson(plan.demoFile, demo);
    await database.transaction(async (tx) => {
      await tx.orm.organization.create({ data: { id: tenants.organization, name: 'Demo Marketplace' } });
      for (const person of people) {
        await tx.orm.person.create({ data: { id: person.id, email: person.email, name: person.name, password_hash: person.hash } });
        await tx.orm.factor.create({
          data: { id: person.factorId, person_id: person.id, kind: 'totp', sealed: Buffer.from(person.factor.sealed), ...RESTED },
        });
      }
      for (const mode of ['live', 'test'] as const) {
        await storesIn(tx, tenants[mode]);
        await tx.orm.workspace.create({ data: { tenant_id: tenants[mode], organization_id: tenants.organization, name: `Demo ${mode}`, mode } });
        await tx.orm.membership.createMany({
          data: people.map(({ id, role }) => newMembership(key, { tenantId: tenants[mode], personId: id, roles: [role] })),
        });
        await makeAccounts(tx, tenants[mode], mode === 'test' ? funding : newId());
      }
      const stores = await storesIn(tx, tenants.test);
      await makeRailConnection(tx, stores, vault, tenants, plan);
      const [preparer] = people;
      if (!preparer) throw new Error('the demo has no people');
      await stores.apiKeys.insert({
        id: tenants.apiKey,
        name: 'Demo key',
        prefix: apiKey.prefix,
        scopes: [...KEY_SCOPES_OF_DEMO],
        ownerPersonId: preparer.id,
        allowedNetworks: [],
        expiresAt: null,
        tokenHash: apiKey.hash,
      });
      await stores.audit.append({
        subject: { type: 'api_key', id: tenants.apiKey },
        action: 'api_key.create',
        result: 'ok',
        detail: { scopes: [...KEY_SCOPES_OF_DEMO], expires_at: null, allowed_networks: 0 },
      });
      await tx.orm.installation.create({ data: { id: key.installationId } });
    });
    return demo;
  } finally {
    await database.close();
  }
};

interface Tenants {
  organization: string;
  live: string;
  test: string;
  connection: string;
  apiKey: string;
}

/** Binds the transaction to a tenant, from here on, and returns the tenant's stores. */
const storesIn = async (tx: Tx, tenantId: string): Promise<Stores> => {
  const requestId = `req_${newId().replaceAll('-', '')}`;
  return storesOf(tx, await enterTenant(tx, { tenantId, actor: { type: 'system', process: 'setup' }, requestId }));
};

/** Money enters through these two; all other accounts are made when they are first needed. */
const makeAccounts = async (tx: Tx, tenantId: string, firstId: string): Promise<void> => {
  for (const [index, currency] of CURRENCIES.entries()) {
    await tx.orm.account.create({ data: { tenant_id: tenantId, id: newId(), kind: 'external', currency, name: 'external' } });
    await tx.orm.account.create({
      data: { tenant_id: tenantId, id: index === 0 ? firstId : newId(), kind: 'funding', currency, name: `Operating account ${currency}` },
    });
  }
};

const makeRailConnection = async (tx: Tx, stores: Stores, vault: Vault, tenants: Tenants, { provider, connection }: SeedPlan): Promise<void> => {
  const plain = new TextEncoder().encode(JSON.stringify({ api_key: provider.apiKey, webhook_secret: provider.webhookSecret }));
  const sealed = await vault.seal(stores.keys, credentialsPlace(tenants.test, tenants.connection), plain);
  await tx.orm.rail_connection.create({
    data: {
      tenant_id: tenants.test,
      id: tenants.connection,
      rail: 'sandbox',
      name: 'Sandbox provider',
      sealed: Buffer.from(sealed),
      versions: { create: { version: 1, settings: { base_url: provider.baseUrl, ...connection } } },
    },
  });
};

/** The provider may listen on another port than before. That is a new version: batches of before ask the port that they were sent to. */
const pointAtProvider = async (tx: Tx, tenants: Tenants, { provider, connection }: SeedPlan): Promise<void> => {
  await storesIn(tx, tenants.test);
  const place = { tenant_id: tenants.test, connection_id: tenants.connection };
  const newest = await tx.orm.rail_connection_version.findFirst({ where: place, orderBy: { version: 'desc' } });
  const settings = { base_url: provider.baseUrl, ...connection };
  if (newest && isDeepStrictEqual(newest.settings, settings)) return;
  await tx.orm.rail_connection_version.create({ data: { ...place, version: (newest?.version ?? 0) + 1, settings } });
};
