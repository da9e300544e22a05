import { AUDIT_EVENT } from '../operations/stores/audit.js';
import { GATE, type GateStore, type StandingGate } from '../operations/stores/gates.js';
import type { audit_event, gate } from '../prisma/generated/client.js';
import { storedEvent } from './audit.js';
import { type StoredMembership, sealedMembership } from './sealed-membership.js';
import type { Tx } from './transaction/open.js';
import type { Scope } from './transaction/scope.js';
import { tableOf } from './transaction/table.js';

const gates = tableOf<gate>()(GATE);
const standing = { gate: gates.joined('g'), event: tableOf<audit_event>()(AUDIT_EVENT).joined('e') };

/** What SQL gives beside the columns of gate and event. */
interface Standing {
  'e.id': string | null;
  permitted: boolean | null;
  membership: StoredMembership | null;
  last_step: bigint | null;
  credential_id: Uint8Array | null;
  public_key: Uint8Array | null;
  rp_id: string | null;
  factor_authenticator: Uint8Array | null;
  challenge_expires_at: Date | null;
  tree_leaf: Uint8Array | null;
  index: bigint | null;
  hold_id: string | null;
  hold_amount: bigint | null;
  published: boolean;
  prepared: boolean;
}

const passkeyOf = ({ credential_id, public_key, rp_id, factor_authenticator, challenge_expires_at }: Standing): StandingGate['passkey'] =>
  credential_id && public_key && rp_id && factor_authenticator && challenge_expires_at
    ? {
        credentialId: credential_id,
        publicKey: public_key,
        rpId: rp_id,
        authenticator: factor_authenticator,
        challengeExpiresAt: challenge_expires_at,
      }
    : null;

/** Opened gates of one tenant, append-only: a gate counts while its content version is the batch's current one. */
export const gateStore = ({ orm, sql }: Tx, { tenantId }: Scope): GateStore => ({
  insert: async (row) => {
    await orm.gate.create({ data: { tenant_id: tenantId, ...gates.stored(row) } });
  },

  open: async (batchId, contentVersion) => {
    const rows = await sql.rows('hot')`
      SELECT ${gates.list()} FROM gate
      WHERE tenant_id = ${tenantId}::uuid AND batch_id = ${batchId}::uuid AND content_version = ${contentVersion} ORDER BY opened_at, id`;
    return rows.map(gates.row);
  },

  // Event and leaf are looked up by key for each gate, among the events of the batch: planned while the log is nearly empty, a join would
  // read all of it for as long as the plan is kept.
  standing: async (batchId) => {
    const rows = await sql.rows<Standing>('join')`
      SELECT ${standing.gate.list}, ${standing.event.list}, p.permitted, p.membership, p.last_step, p.credential_id, p.public_key, p.rp_id,
        p.factor_authenticator, p.challenge_expires_at, l.leaf AS tree_leaf, l.index,
        h.id AS hold_id, h.amount AS hold_amount,
        coalesce(l.index < (SELECT max(c.size) FROM audit_checkpoint c WHERE c.tenant_id = g.tenant_id AND c.published_at IS NOT NULL), false) AS published,
        EXISTS (SELECT 1 FROM batch_preparer r WHERE r.tenant_id = g.tenant_id AND r.batch_id = g.batch_id AND r.person_id = g.person_id)
          OR g.gate <> 'execute' AND NOT EXISTS (SELECT 1 FROM dispatch a WHERE a.tenant_id = g.tenant_id AND a.batch_id = g.batch_id)
            AND sluice_changed_lately(g.tenant_id, g.batch_id, g.person_id, g.opened_at) AS prepared
      FROM (SELECT content_version FROM batch_control WHERE tenant_id = ${tenantId}::uuid AND batch_id = ${batchId}::uuid) c
      JOIN gate g ON g.tenant_id = ${tenantId}::uuid AND g.batch_id = ${batchId}::uuid AND g.content_version = c.content_version
      LEFT JOIN sluice_gate_holders(${batchId}::uuid, c.content_version) p ON p.gate_id = g.id
      LEFT JOIN LATERAL (
        SELECT * FROM audit_event WHERE tenant_id = ${tenantId}::uuid AND subject_type = 'batch' AND subject_id = ${batchId} AND id = g.event_id LIMIT 1
      ) e ON true
      LEFT JOIN LATERAL (SELECT leaf, index FROM audit_leaf WHERE tenant_id = ${tenantId}::uuid AND event_id = g.event_id LIMIT 1) l ON true
      LEFT JOIN hold h ON h.tenant_id = ${tenantId}::uuid AND h.batch_id = ${batchId}::uuid AND h.content_version = c.content_version
      ORDER BY g.opened_at, g.id`;
    return rows.map((row) => ({
      gate: standing.gate.row(row),
      permitted: row.permitted === true,
      membership: sealedMembership(row.membership),
      prepared: row.prepared,
      lastStep: row.last_step === null ? null : Number(row.last_step),
      passkey: passkeyOf(row),
      event: row['e.id'] === null ? null : storedEvent(tenantId, standing.event.row(row), row.index),
      treeLeaf: row.tree_leaf,
      published: row.published,
      hold: row.hold_id === null || row.hold_amount === null ? null : { id: row.hold_id, amount: row.hold_amount },
    }));
  },

  inOrder: async (after, limit) => {
    const rows = await orm.gate.findMany({
      where: { tenant_id: tenantId, ...(after ? { id: { gt: after } } : {}) },
      orderBy: { id: 'asc' },
      take: limit,
    });
    return rows.map(gates.row);
  },

  all: async (batchId) => {
    const rows = await orm.gate.findMany({ where: { tenant_id: tenantId, batch_id: batchId }, orderBy: [{ opened_at: 'asc' }, { id: 'asc' }] });
    return rows.map(gates.row);
  },
});
