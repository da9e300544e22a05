import { z } from 'zod';
import { AUDIT_SUBJECTS } from '../domain/audit/event.js';
import { hash, line, page, timestamp, wireId } from './wire.js';

export const listEvents = z.strictObject({
  ...page,
  subject_type: z.enum(AUDIT_SUBJECTS).optional(),
  subject_id: line(100).optional(),
  action: line(64).optional(),
});

/** `event` is the canonical body; its hash, made as docs/audit.md says, is `leaf`. */
export const auditEvent = z
  .object({
    object: z.literal('audit_event'),
    id: wireId,
    at: timestamp,
    action: z.string(),
    result: z.string(),
    /** Leaf index in the tree; null while the event is not sequenced. */
    index: z.number().int().nullable(),
    leaf: hash,
    event: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'AuditEvent' });

/** C2SP tlog-checkpoint: the signed note as text, and its parts. */
export const checkpoint = z
  .object({
    object: z.literal('checkpoint'),
    origin: z.string(),
    size: z.number().int(),
    root: hash,
    note: z.string(),
    published_at: timestamp.nullable(),
    /** C2SP verifier key of the signer. */
    verifier_key: z.string(),
    unsealed: z.number().int(),
  })
  .meta({ id: 'Checkpoint' });

export const proveInclusion = z.strictObject({ event_id: line(100), size: z.coerce.number().int().min(1).optional() });
export const proveConsistency = z.strictObject({ from: z.coerce.number().int().min(0), to: z.coerce.number().int().min(0).optional() });

export const inclusionProof = z
  .object({ object: z.literal('inclusion_proof'), index: z.number().int(), size: z.number().int(), leaf: hash, root: hash, path: z.array(hash) })
  .meta({ id: 'InclusionProof' });

export const consistencyProof = z
  .object({
    object: z.literal('consistency_proof'),
    from: z.number().int(),
    to: z.number().int(),
    from_root: hash,
    to_root: hash,
    path: z.array(hash),
  })
  .meta({ id: 'ConsistencyProof' });
