import type { z } from 'zod';
import type { factor, factorReset } from '../../contracts/factors.js';
import { toWireId } from '../../domain/ids.js';
import type { FactorResetRow } from '../stores/factor-resets.js';
import type { FactorRow } from '../stores/factors.js';

export type WireFactor = z.infer<typeof factor>;
export type WireFactorReset = z.infer<typeof factorReset>;

const STEP_MS = 30_000;

/** A factor in its wire form, without its secret: only the enrolment knows it. */
export const toWireFactor = (row: FactorRow): WireFactor => ({
  object: 'factor',
  id: toWireId('factor', row.id),
  kind: row.kind,
  name: row.name,
  state: row.removedAt ? 'removed' : row.confirmedAt ? 'active' : 'pending',
  created_at: row.createdAt.toISOString(),
  confirmed_at: row.confirmedAt?.toISOString() ?? null,
  decides_from: row.gatesFrom?.toISOString() ?? null,
  last_used_at: lastUseOf(row)?.toISOString() ?? null,
});

/** Of an authenticator app, the half minute of its last code. */
const lastUseOf = ({ kind, usedAt, lastStep }: FactorRow): Date | null => {
  if (kind === 'passkey') return usedAt;
  return lastStep > 0 ? new Date(lastStep * STEP_MS) : null;
};

export const toWireReset = (row: FactorResetRow, confirmedBy: string | null, endedSessions: number | null): WireFactorReset => ({
  object: 'factor_reset',
  id: toWireId('factorReset', row.id),
  person_id: toWireId('person', row.personId),
  state: confirmedBy === null ? 'proposed' : 'done',
  proposed_by: toWireId('person', row.proposedBy),
  confirmed_by: confirmedBy && toWireId('person', confirmedBy),
  expires_at: row.expiresAt.toISOString(),
  ended_sessions: endedSessions,
});
