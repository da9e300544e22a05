import { createBatch } from '../../contracts/batches.js';
import { sequencingStore } from '../../db/sequencing.js';
import { openDatabase } from '../../db/transaction/open.js';
import { canonicalBytes } from '../../domain/hashing.js';
import type { Context } from '../../operations/context.js';
import { createPayoutBatch } from '../../operations/payout-batch/create.js';
import type { Services } from '../../operations/ports.js';
import { credentialsPlace } from '../../operations/rail-connection/open.js';
import { createSandboxRail } from '../../rails/sandbox/adapter.js';
import { sequencerPass } from '../../relay/sequencer.js';
import { brokenInvariants } from '../harness/invariants.js';
import { startProvider } from '../sandbox-provider/start-provider.js';
import { gateWorld, type Person, uuidOf } from './gate-world.js';

/** A workspace whose batches are paid for real: gates by three people, a sealed log, the sandbox provider over HTTP. */
export const payScene = async (env: Record<string, string> = {}, keys: Parameters<typeof gateWorld>[0] = {}) => {
  const provider = await startProvider({ PROVIDER_FSYNC: 'off', ...env });
  const world = await gateWorld(keys);
  const rails = new Map([['sandbox', createSandboxRail()]]);
  const preparer = await world.person('preparer');
  const sequencer = openDatabase(world.database.urls.sequencer, 2);
  const seal = sequencerPass({
    store: sequencingStore(sequencer, world.services.sha256),
    signer: { verifierKey: '', origin: (tenantId) => tenantId, sign: (_tenant, size) => `checkpoint ${size}` },
    archive: { publish: async () => {}, latest: async () => null },
    recovery: { reason: () => null, enter: () => {} },
    failpoint: async () => {},
    log: { info: () => {}, warn: () => {}, error: (found: unknown) => console.error(found) },
  });

  /** The worker's own login. */
  const worker = (more: Partial<Services> = {}): Context =>
    world.as({ type: 'system', process: 'worker' }, { role: 'worker', with: { rails, ...more } });
  const asPerson = (who: Person): Context => world.as(who, { with: { rails } });

  const connect = async (settings: Record<string, string | number>) => {
    const { tenantId, connectionId } = world.home;
    const plain = canonicalBytes({ api_key: provider.apiKey, webhook_secret: provider.webhookSecret });
    const sealed = await world
      .as({ type: 'system', process: 'setup' })
      .inTenant((stores) => world.services.vault.seal(stores.keys, credentialsPlace(tenantId, connectionId), plain));
    await world.enter(tenantId);
    await world.sql('UPDATE rail_connection SET settings = $1, sealed = $2 WHERE id = $3', [
      JSON.stringify({ base_url: provider.url, timeout_ms: 1_000, ...settings }),
      Buffer.from(sealed),
      connectionId,
    ]);
  };

  /** A queued batch of small payments to these tokens. Answers its UUID. */
  const queued = async (tokens: readonly string[], terms: Record<string, unknown> = {}): Promise<string> => {
    const items = tokens.map((token, i) => ({
      amount: 100 + (i % 7),
      reference: `ref-${i}`,
      payee: { reference: `${token}-${i}`, name: `Payee ${i}`, payee_type: 'individual', country: 'DE', account_token: `${token}_${i}` },
    }));
    const body = createBatch.parse({ currency: 'EUR', rail: 'sandbox', items, ...terms });
    const made = await createPayoutBatch(asPerson(preparer), { ...body, validate_only: false });
    if (!made.ok || made.value.object !== 'payout_batch') throw new Error(`no batch: ${JSON.stringify(made)}`);
    return uuidOf((made.value as { id: string }).id);
  };

  /** A batch that three people have approved, authorized and executed, its gates under a checkpoint. Answers its UUID. */
  const executing = async (...batch: Parameters<typeof queued>): Promise<string> => {
    const batchId = await queued(...batch);
    await world.openUpTo('execute', batchId);
    await seal('all_heads');
    return batchId;
  };

  const view = (batchId: string) => worker().inTenant((stores) => stores.batches.view(batchId));
  const counter = (batchId: string) => worker().inTenant((stores) => stores.batches.counter(batchId));

  /** What is broken between our books and the provider's; empty when nothing is. */
  const broken = async (): Promise<string[]> => {
    const [books, payments] = [await provider.books(), await provider.payments()];
    return brokenInvariants(world.database.ownerUrl, [world.home.tenantId], {
      duplicates: books.duplicates,
      payments: payments
        .filter((payment) => !payment.declined)
        .map((payment) => ({ key: payment.idempotency_key, amount: BigInt(payment.amount), currency: payment.currency, status: payment.status })),
    });
  };

  const close = async () => {
    await sequencer.close();
    await world.close();
    await provider.stop();
  };

  /** The world's money came by bare SQL: give its transfer the event that every transfer has. */
  const tellOfFunds = async () => {
    await world.enter(world.home.tenantId);
    const [funds] = await world.sql<{ event_id: string }>(`SELECT event_id FROM transfer WHERE kind = 'top_up'`);
    const subject = { type: 'account', id: world.home.funding } as const;
    await world
      .as({ type: 'system', process: 'setup' })
      .inTenant((stores) => stores.audit.append({ id: funds?.event_id ?? '', subject, action: 'ledger.top_up', result: 'ok', detail: {} }));
  };

  await connect({});
  await tellOfFunds();
  return { ...world, provider, rails, preparer, worker, asPerson, connect, queued, executing, seal, view, counter, broken, close };
};

export type PayScene = Awaited<ReturnType<typeof payScene>>;
/** `n` tokens of the provider's magic, or plain ones. */
export const tokens = (n: number, magic = 'acct'): string[] => Array.from({ length: n }, () => magic);
