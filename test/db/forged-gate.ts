import { randomBytes } from 'node:crypto';
import { STEP_SECONDS } from '../../cli/identity/time-steps.js';
import { GATE_PERMISSION, type Gate } from '../../domain/gate.js';
import { systemEntropy } from '../../vault/entropy.js';
import type { World } from '../world/open.js';
import type { Person } from '../world/people.js';
import { acting, type Statement } from './attempts.js';

const { newId } = systemEntropy;

/** What of a gate is written otherwise than an API writes it. */
export interface Forgery {
  batchId?: string;
  version?: number;
  digest?: Buffer;
  /** SQL: when the challenge was used, cancelled and expires. */
  used?: string;
  cancelled?: string;
  expires?: string;
  challenge?: Partial<{ personId: string; gate: Gate; version: number; digest: Buffer; id: string }>;
  factorId?: string;
  /** Null for a gate that a passkey opens, with what it signed in `signed`. */
  timeStep?: number | null;
  signed?: readonly [authenticatorData: Buffer, clientData: Buffer, signature: Buffer] | null;
  /** What is written into the factor before; the step of the gate by default. */
  lastStep?: number | null;
  authenticator?: Buffer | null;
  /** SQL. */
  openedAt?: string;
  eventId?: string;
  /** Merged into the event's row and its detail; null writes no event. */
  event?: Partial<{ action: string; result: string; subject_id: string; actor: object; detail: object }> | null;
}

/** The statements by which somebody with nothing but SQL writes a gate of this person, as far as SQL goes: all but the authenticator is right. */
export const forgedGate = (
  world: World,
  who: Pick<Person, 'id' | 'factorId' | 'role'>,
  gate: Gate,
  batch: { id: string; digest: Buffer },
  over: Forgery = {},
): Statement[] => {
  const { tenantId } = world.home;
  const [gateId, challengeId] = [newId(), over.challenge?.id ?? newId()];
  const eventId = over.eventId ?? newId();
  const batchId = over.batchId ?? batch.id;
  const [version, digest] = [over.version ?? 1, over.digest ?? batch.digest];
  const factorId = over.factorId ?? who.factorId;
  const timeStep = over.timeStep === undefined ? Math.floor(Date.now() / 1_000 / STEP_SECONDS) : over.timeStep;
  const lastStep = over.lastStep === undefined ? timeStep : over.lastStep;
  const shown = { personId: who.id, gate, version, digest, ...over.challenge };
  const event = {
    action: `gate.${gate}`,
    result: 'ok',
    subject_id: batchId,
    actor: { type: 'user', personId: who.id, sessionId: newId(), roles: [who.role] },
    ...over.event,
    detail: {
      gate_id: gateId,
      permission: GATE_PERMISSION[gate],
      challenge_id: challengeId,
      factor_id: factorId,
      content_version: version,
      digest: digest.toString('hex'),
      ...over.event?.detail,
    },
  };
  const challenge: Statement = [
    `INSERT INTO challenge (tenant_id, id, batch_id, person_id, gate, content_version, digest, expires_at, used_at, cancelled_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, ${over.expires ?? `now() + interval '1 minute'`}, ${over.used ?? 'now()'}, ${over.cancelled ?? 'NULL'})`,
    [tenantId, challengeId, batchId, shown.personId, shown.gate, shown.version, shown.digest],
  ];
  const consume: Statement = ['UPDATE factor SET last_step = $2 WHERE id = $1', [factorId, lastStep]];
  const open: Statement = [
    `INSERT INTO gate (tenant_id, id, batch_id, gate, content_version, digest, person_id, challenge_id, factor_id, time_step, event_id, authenticator,
       authenticator_data, client_data, signature, opened_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, ${over.openedAt ?? 'now()'})`,
    [
      ...[tenantId, gateId, batchId, gate, version, digest, who.id, challengeId, factorId, timeStep, eventId],
      over.authenticator === undefined ? randomBytes(32) : over.authenticator,
      ...(over.signed ?? [null, null, null]),
    ],
  ];
  const write: Statement = [
    `INSERT INTO audit_event (tenant_id, id, at, actor, request_id, subject_type, subject_id, subject_seq, previous, action, result, detail, leaf)
     VALUES ($1, $2, now(), $3, '', 'batch', $4, $5, $6, $7, $8, $9, $6)`,
    [
      ...[tenantId, eventId, JSON.stringify(event.actor), event.subject_id, 1_000_000 + Math.floor(Math.random() * 1_000_000), randomBytes(32)],
      ...[event.action, event.result, JSON.stringify(event.detail)],
    ],
  ];
  return [acting(who), challenge, ...(lastStep === null ? [] : [consume]), open, ...(over.event === null ? [] : [write])];
};
