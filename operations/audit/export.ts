import { auditBody } from '../../domain/audit/event.js';
import { EXPORT_VERSION, type ExportGate, type ExportRecord, type ExportTransfer } from '../../domain/audit/export.js';
import { toHex } from '../../domain/hashing.js';
import type { Assertion } from '../../domain/passkey.js';
import { ok, type Result } from '../../domain/result.js';
import type { Context } from '../context.js';
import { assertionOf } from '../gate/verify.js';
import type { StoredEvent } from '../stores/audit.js';
import type { GateRow } from '../stores/gates.js';
import type { TransferRow } from '../stores/transfers.js';

/** Rows that one short transaction reads, so that memory does not grow with the log. */
const PAGE = 2_000;

/**
 * The whole audit log of the workspace with the transfers and gates that name its events, as records for JSON lines
 * (docs/audit.md). Transfers and gates are read before the events, so that the event of each is in the export. The newest
 * checkpoint is read before both, so that the transfers and gates of every event under it are in the export too.
 */
export const exportAudit = async (ctx: Context): Promise<Result<AsyncIterable<ExportRecord>>> => {
  const begun = await ctx.inTenant(async (stores) => ({
    at: stores.now,
    latest: await stores.audit.latestCheckpoint(),
    generation: await stores.audit.generation(),
  }));
  const log = { tenantId: ctx.tenantId, generation: begun.generation };
  return ok(
    counted({
      header: {
        type: 'header',
        version: EXPORT_VERSION,
        tenant_id: ctx.tenantId,
        origin: ctx.services.signer.origin(log),
        size: Number(begun.latest?.size ?? 0n),
        exported_at: begun.at.toISOString(),
        verifier_key: ctx.services.signer.verifierKeyFor(log),
      },
      body: bodyOf(ctx, begun.latest?.size ?? 0n),
    }),
  );
};

async function* counted({ header, body }: { header: ExportRecord; body: AsyncIterable<ExportRecord> }): AsyncGenerator<ExportRecord> {
  let records = 1;
  yield header;
  for await (const record of body) {
    records++;
    yield record;
  }
  yield { type: 'end', records };
}

async function* bodyOf(ctx: Context, size: bigint): AsyncGenerator<ExportRecord> {
  yield* paged(0n, (after) => ctx.inTenant((stores) => stores.audit.checkpoints(after, PAGE)), {
    next: (row) => row.size,
    // A later checkpoint would sign events whose transfers were not there yet when transfers were read.
    toRecord: (row) => (row.size <= size ? { type: 'checkpoint', note: row.note } : null),
  });
  yield* paged(null as string | null, (after) => ctx.inTenant((stores) => stores.transfers.inOrder({ batchId: null, after, limit: PAGE })), {
    next: (row) => row.id,
    toRecord: toTransfer,
  });
  yield* paged(null as string | null, (after) => ctx.inTenant((stores) => stores.gates.inOrder(after, PAGE)), {
    next: (row) => row.id,
    toRecord: toGate,
  });
  yield* eventsOf(ctx);
}

async function* paged<Row, Place>(
  first: Place,
  read: (after: Place) => Promise<readonly Row[]>,
  { next, toRecord }: { next: (row: Row) => Place; toRecord: (row: Row) => ExportRecord | null },
): AsyncGenerator<ExportRecord> {
  for (let after = first; ; ) {
    const rows = await read(after);
    for (const row of rows) {
      const record = toRecord(row);
      if (record) yield record;
    }
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAGE) return;
    after = next(last);
  }
}

/** Sequenced events by leaf, then the others. The waiting ones are read before the size, so that no event is missed between the two. */
async function* eventsOf(ctx: Context): AsyncGenerator<ExportRecord> {
  const waiting = new Map((await ctx.inTenant((stores) => stores.audit.unsequenced())).map((event) => [event.id, event]));
  const size = (await ctx.inTenant((stores) => stores.audit.tree()))?.size ?? 0n;
  for (let from = 0n; from < size; from += BigInt(PAGE)) {
    const limit = size - from < BigInt(PAGE) ? Number(size - from) : PAGE;
    for (const event of await ctx.inTenant((stores) => stores.audit.exportFrom(from, limit))) {
      waiting.delete(event.id);
      yield toEvent(event);
    }
  }
  for (const event of waiting.values()) yield toEvent(event);
}

const toEvent = (event: StoredEvent): ExportRecord => ({
  type: 'event',
  index: event.index === null ? null : Number(event.index),
  leaf: event.leaf,
  event: auditBody(event),
});

export const toTransfer = (row: TransferRow): ExportTransfer => ({
  type: 'transfer',
  id: row.id,
  debit_account_id: row.debitAccountId,
  credit_account_id: row.creditAccountId,
  amount: row.amount.toString(),
  currency: row.currency,
  kind: row.kind,
  batch_id: row.batchId,
  ordinal: row.ordinal,
  item_version: row.itemVersion,
  event_id: row.eventId,
});

export const toGate = (row: GateRow): ExportGate => ({
  type: 'gate',
  id: row.id,
  batch_id: row.batchId,
  gate: row.gate,
  content_version: row.contentVersion,
  digest: toHex(row.digest),
  person_id: row.personId,
  challenge_id: row.challengeId,
  factor_id: row.factorId,
  time_step: row.timeStep,
  ...wireAssertion(assertionOf(row)),
  event_id: row.eventId,
  opened_at: row.openedAt.toISOString(),
});

const wireAssertion = (assertion: Assertion | null): Pick<ExportGate, 'assertion'> =>
  assertion
    ? {
        assertion: {
          authenticator_data: toHex(assertion.authenticatorData),
          client_data: toHex(assertion.clientData),
          signature: toHex(assertion.signature),
        },
      }
    : {};
