import { z } from 'zod';
import { EVIDENCE_OUTCOMES } from '../domain/item/evidence.js';
import { id, minorUnits, page, time, timestamp, wireId } from './wire.js';

export const listParkedEvidence = z.strictObject({ ...page, connection_id: id('connection').optional() });

/** What a provider said that fits nothing of ours yet. */
export const parkedEvidence = z
  .object({
    object: z.literal('parked_evidence'),
    id: wireId,
    connection_id: wireId,
    /** The key that the provider named; an item id where it is one of ours. */
    payment_key: z.string(),
    outcome: z.enum(EVIDENCE_OUTCOMES),
    amount: minorUnits.nullable(),
    currency: z.string().nullable(),
    provider_reference: z.string().nullable(),
    /** Why it does not fit. */
    reason: z.string(),
    created_at: timestamp,
  })
  .meta({ id: 'ParkedEvidence' });

export const listDeliveries = z.strictObject({ ...page, connection_id: id('connection').optional() });

/** A webhook that was authenticated and stored, and cannot be read. Its body stays sealed. */
export const delivery = z
  .object({
    object: z.literal('delivery'),
    id: wireId,
    connection_id: wireId,
    provider_event_id: z.string(),
    received_at: timestamp,
    attempts: z.number().int(),
    problem: z.string().nullable(),
    next_at: timestamp,
  })
  .meta({ id: 'Delivery' });

export const replay = z.strictObject({ since: time.optional(), delivery_id: id('delivery').optional() });
export const replayed = z.object({ object: z.literal('replay'), connection_id: wireId, count: z.number().int() }).meta({ id: 'Replay' });
