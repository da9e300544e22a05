import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { sequencingStore } from '../../db/sequencing.js';
import { openDatabase } from '../../db/transaction/open.js';
import { tenantTransactions } from '../../db/transaction/tenant.js';
import type { Actor } from '../../domain/actors.js';
import type { Context } from '../../operations/context.js';
import type { Services } from '../../operations/ports.js';
import { recoverySwitch } from '../../operations/recovery/mode.js';
import { sequencerPass } from '../../relay/sequencer.js';
import { openCheckpointFolder } from '../../vault/checkpoint-folder.js';
import { openCheckpointSigner } from '../../vault/checkpoint-signer.js';
import { newEd25519Keys } from '../../vault/ed25519.js';
import { sha256 } from '../../vault/sha256.js';
import { testDatabase } from '../harness/database.js';

/** A database with workspaces, its sequencer and its archive of checkpoints; everything real but people and rails. */
export const auditWorld = async () => {
  const database = await testDatabase();
  const owner = new pg.Client({ connectionString: database.ownerUrl });
  await owner.connect();
  const folder = await mkdtemp(join(tmpdir(), 'sluice-checkpoints-'));
  const signer = openCheckpointSigner({ checkpoint: { name: 'sluice-test', ...newEd25519Keys() } });
  const api = openDatabase(database.urls.api, 10);
  const sequencer = openDatabase(database.urls.sequencer, 10);

  /** One statement as the owner, bound to the tenant by row-level security. */
  const sql = async <Row extends pg.QueryResultRow>(tenantId: string, text: string, values: unknown[] = []): Promise<Row[]> => {
    await owner.query(`SELECT set_config('app.tenant_id', $1, false)`, [tenantId]);
    return (await owner.query<Row>(text, values)).rows;
  };

  const workspace = async (): Promise<string> => {
    const [tenantId, organizationId] = [randomUUID(), randomUUID()];
    await sql(tenantId, `INSERT INTO organization (id, name) VALUES ($1, 'Demo')`, [organizationId]);
    await sql(tenantId, `INSERT INTO workspace (tenant_id, organization_id, name, mode) VALUES ($1, $2, 'Demo', 'test')`, [tenantId, organizationId]);
    return tenantId;
  };

  const contextOf = (tenantId: string, actor: Actor = { type: 'system', process: 'api' }): Context => ({
    tenantId,
    mode: 'test',
    actor,
    requestId: `req_${randomUUID()}`,
    inTenant: tenantTransactions(api, { tenantId, actor, requestId: 'req_test' }),
    services: { sha256, signer } as unknown as Services,
  });

  /** Writes one event in a transaction of its own; returns its id. */
  const write = (tenantId: string, subjectId: string, detail: { [key: string]: string | number } = {}): Promise<string> =>
    contextOf(tenantId).inTenant((stores) =>
      stores.audit.append({ subject: { type: 'batch', id: subjectId }, action: 'batch.create', result: 'ok', detail }),
    );

  /** A sequencer of its own, as another process would run it. */
  const newSequencer = (over: { failpoint?: () => Promise<void>; folder?: string } = {}) => {
    const recovery = recoverySwitch(null);
    const problems: unknown[] = [];
    const note = (about: unknown) => void problems.push(about);
    const parts = {
      store: sequencingStore(sequencer, sha256),
      signer,
      archive: openCheckpointFolder(over.folder ?? folder, signer.verifierKey),
      recovery,
      failpoint: over.failpoint ?? (async () => {}),
      log: { info: note, warn: note, error: note },
    };
    return { parts, recovery, problems, pass: sequencerPass(parts) };
  };

  return {
    database,
    api,
    sequencer,
    signer,
    folder,
    archive: openCheckpointFolder(folder, signer.verifierKey),
    sql,
    workspace,
    contextOf,
    write,
    newSequencer,
    close: async () => {
      await Promise.all([owner.end(), api.close(), sequencer.close()]);
      await Promise.all([database.drop(), rm(folder, { recursive: true, force: true })]);
    },
  };
};

export type AuditWorld = Awaited<ReturnType<typeof auditWorld>>;
