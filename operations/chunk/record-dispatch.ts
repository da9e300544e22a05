import { toHex } from '../../domain/hashing.js';
import type { Stores } from '../ports.js';
import type { NewDispatch } from '../stores/dispatches.js';

/** Writes a dispatch and the audit event that tells all of it. `amount`: sum of its items, minor units. */
export const recordDispatch = async (stores: Stores, { amount, ...row }: Omit<NewDispatch, 'eventId'> & { amount: bigint }): Promise<void> => {
  const eventId = stores.audit.newId();
  const inserted = stores.dispatches.insert({ ...row, eventId });
  const appended = stores.audit.append({
    id: eventId,
    subject: { type: 'chunk', id: `${row.batchId}/${row.chunk}` },
    action: 'chunk.intend',
    result: 'ok',
    detail: {
      chunk: row.chunk,
      attempt: row.attempt,
      purpose: row.purpose,
      first_ordinal: row.firstOrdinal,
      end_ordinal: row.endOrdinal,
      set_aside: row.setAside ? toHex(row.setAside) : null,
      count: row.itemCount,
      amount: amount.toString(),
      connection_id: row.connectionId,
      connection_version: row.connectionVersion,
      renderer_version: row.rendererVersion,
      artefact_hash: toHex(row.artefactHash),
      lease_ms: row.leaseMs,
    },
  });
  await Promise.all([inserted, appended]);
};
