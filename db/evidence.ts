import type { TransferKind } from '../domain/item/postings.js';
import type { ItemState } from '../domain/item/states.js';
import type { TransitionSource } from '../operations/stores/transitions.js';
import type { EvidenceStore, PostedTransfer } from '../operations/stores/evidence.js';
import { challengeOf } from './challenges.js';
import type { Tx } from './transaction/open.js';
import { gateOf } from './gates.js';
import type { Scope } from './transaction/scope.js';

/** Reads of the append-only tables for exports and evidence bundles. */
export const evidenceStore = (tx: Tx, { tenantId }: Scope): EvidenceStore => {
  const transfers = async (batchId: string | null, after: string | null, limit: number): Promise<PostedTransfer[]> => {
    const rows = await tx.transfer.findMany({
      where: { tenant_id: tenantId, ...(batchId ? { batch_id: batchId } : {}), ...(after ? { id: { gt: after } } : {}) },
      orderBy: { id: 'asc' },
      take: limit,
    });
    return rows.map((row) => ({
      id: row.id,
      debitAccountId: row.debit_account_id,
      creditAccountId: row.credit_account_id,
      amount: row.amount,
      currency: row.currency,
      kind: row.kind as TransferKind,
      batchId: row.batch_id,
      ordinal: row.ordinal,
      itemVersion: row.item_version,
      eventId: row.event_id,
      createdAt: row.created_at,
    }));
  };

  return {
    checkpoints: async (after, limit) =>
      tx.audit_checkpoint.findMany({
        where: { tenant_id: tenantId, size: { gt: after }, published_at: { not: null } },
        orderBy: { size: 'asc' },
        take: limit,
        select: { size: true, note: true },
      }),

    transfers: (after, limit) => transfers(null, after, limit),
    transfersOf: (batchId, after, limit) => transfers(batchId, after, limit),

    gates: async (after, limit) => {
      const rows = await tx.gate.findMany({
        where: { tenant_id: tenantId, ...(after ? { id: { gt: after } } : {}) },
        orderBy: { id: 'asc' },
        take: limit,
      });
      return rows.map(gateOf);
    },

    challengesOf: async (batchId) => {
      const rows = await tx.challenge.findMany({ where: { tenant_id: tenantId, batch_id: batchId }, orderBy: { id: 'asc' } });
      return rows.map(challengeOf);
    },

    preparersOf: async (batchId) => {
      const rows = await tx.batch_preparer.findMany({ where: { tenant_id: tenantId, batch_id: batchId }, orderBy: { created_at: 'asc' } });
      return rows.map((row) => ({ personId: row.person_id, deed: row.deed, createdAt: row.created_at }));
    },

    attemptsOf: async (batchId) => {
      const rows = await tx.payment_attempt.findMany({
        where: { tenant_id: tenantId, batch_id: batchId },
        orderBy: [{ chunk: 'asc' }, { attempt: 'asc' }],
      });
      return rows.map((row) => ({
        chunk: row.chunk,
        attempt: row.attempt,
        connectionId: row.connection_id,
        rendererVersion: row.renderer_version,
        requestHash: row.request_hash,
        itemCount: row.item_count,
        leaseUntil: row.lease_until,
        createdAt: row.created_at,
      }));
    },

    transitionsOf: async (batchId, after, limit) => {
      const place = after ?? { ordinal: -1, version: 0 };
      const rows = await tx.item_transition.findMany({
        where: {
          tenant_id: tenantId,
          batch_id: batchId,
          ordinal: { gte: place.ordinal },
          NOT: { ordinal: place.ordinal, version: { lte: place.version } },
        },
        orderBy: [{ ordinal: 'asc' }, { version: 'asc' }],
        take: limit,
      });
      return rows.map((row) => ({
        ordinal: row.ordinal,
        version: row.version,
        from: row.from_state as ItemState,
        to: row.to_state as ItemState,
        rank: row.rank,
        source: row.source as TransitionSource,
        inboundId: row.inbound_id,
        providerReference: row.provider_reference,
        reason: row.reason,
        eventId: row.event_id,
        createdAt: row.created_at,
      }));
    },
  };
};
