import { CONFIRMATION, PROPOSAL, PROPOSAL_CHALLENGE, type ProposalStore } from '../operations/stores/proposals.js';
import type { proposal, proposal_challenge, proposal_confirmation } from '../prisma/generated/client.js';
import type { Tx } from './transaction/open.js';
import { pageOf } from './transaction/page.js';
import type { Scope } from './transaction/scope.js';
import { arrayText, tableOf } from './transaction/table.js';

const proposals = tableOf<proposal>()(PROPOSAL);
const challenges = tableOf<proposal_challenge>()(PROPOSAL_CHALLENGE);
const confirmations = tableOf<proposal_confirmation>()(CONFIRMATION);

/** Proposals of one tenant to end exceptions. The database holds their edges, and asks for a second person once more. */
export const proposalStore = ({ orm, sql }: Tx, { tenantId, now }: Scope): ProposalStore => ({
  insert: async (row, items) => {
    await orm.proposal.create({ data: { tenant_id: tenantId, ...proposals.stored(row), created_at: now } });
    if (items.length === 0) return;
    await sql.run('set')`
      INSERT INTO proposal_item (tenant_id, proposal_id, batch_id, ordinal, amount, provider_reference)
      SELECT ${tenantId}::uuid, ${row.id}::uuid, ${row.batchId}::uuid, n.*
      FROM unnest(${arrayText(items.map(({ ordinal }) => ordinal))}::int[], ${arrayText(items.map(({ amount }) => amount))}::bigint[],
        ${items.map(({ providerReference }) => providerReference)}::text[]) AS n`;
  },

  get: async (id) => {
    const row = await orm.proposal.findUnique({ where: { tenant_id_id: { tenant_id: tenantId, id } } });
    return row && proposals.row(row);
  },

  newest: async (choice) => {
    const row = await orm.proposal.findFirst({ where: { tenant_id: tenantId, choice }, orderBy: { id: 'desc' } });
    return row && proposals.row(row);
  },

  lock: async (id) => {
    const row = await sql.row('lock')`
      SELECT ${proposals.list()} FROM proposal WHERE tenant_id = ${tenantId}::uuid AND id = ${id}::uuid FOR UPDATE`;
    return row && proposals.row(row);
  },

  ofException: async (exceptionId) => {
    const rows = await orm.proposal.findMany({ where: { tenant_id: tenantId, exception_id: exceptionId }, orderBy: { id: 'desc' } });
    return rows.map(proposals.row);
  },

  items: async (id) => {
    const rows = await sql.rows<{ ordinal: number; amount: bigint; provider_reference: string | null }>('set')`
      SELECT ordinal, amount, provider_reference FROM proposal_item
      WHERE tenant_id = ${tenantId}::uuid AND proposal_id = ${id}::uuid ORDER BY ordinal`;
    return rows.map((row) => ({ ordinal: row.ordinal, amount: row.amount, providerReference: row.provider_reference }));
  },

  listItems: async ({ id, batchId }, { limit, afterOrdinal = -1 }) => {
    // Looks up each item and its payee by key (see db/chunks.ts).
    const rows = await sql.rows<{ ordinal: number; reference: string; amount: bigint; provider_reference: string | null }>('join')`
      SELECT e.ordinal, p.reference, e.amount, e.provider_reference
      FROM (
        SELECT ordinal, amount, provider_reference FROM proposal_item
        WHERE tenant_id = ${tenantId}::uuid AND proposal_id = ${id}::uuid AND ordinal > ${afterOrdinal} ORDER BY ordinal LIMIT ${limit + 1}) e
      CROSS JOIN LATERAL (
        SELECT payee_id FROM payout_item
        WHERE tenant_id = ${tenantId}::uuid AND batch_id = ${batchId}::uuid AND ordinal = e.ordinal LIMIT 1) i
      CROSS JOIN LATERAL (SELECT reference FROM payee WHERE tenant_id = ${tenantId}::uuid AND id = i.payee_id LIMIT 1) p
      ORDER BY e.ordinal`;
    return pageOf(rows, limit, (row) => ({
      ordinal: row.ordinal,
      payeeReference: row.reference,
      amount: row.amount,
      providerReference: row.provider_reference,
    }));
  },

  taken: async (batchId, ordinals) => {
    const rows = await sql.rows<{ ordinal: number; proposal_id: string }>('join')`
      SELECT i.ordinal, i.proposal_id FROM proposal_item i JOIN proposal p ON p.tenant_id = i.tenant_id AND p.id = i.proposal_id
      WHERE i.tenant_id = ${tenantId}::uuid AND i.batch_id = ${batchId}::uuid AND i.ordinal = ANY(${arrayText(ordinals)}::int[])
        AND p.state IN ('proposed', 'confirmed') AND p.choice <> 'keep_asking' ORDER BY i.ordinal`;
    return rows.map((row) => ({ ordinal: row.ordinal, proposalId: row.proposal_id }));
  },

  referencesGiven: async (batchId, references) => {
    // IS TRUE keeps the references a hashed set: as a join they could be compared with each item of the batch one by one.
    const rows = await sql.rows<{ ordinal: number; provider_reference: string }>('join')`
      SELECT i.ordinal, i.provider_reference FROM proposal_item i JOIN proposal p ON p.tenant_id = i.tenant_id AND p.id = i.proposal_id
      WHERE i.tenant_id = ${tenantId}::uuid AND i.batch_id = ${batchId}::uuid AND i.provider_reference = ANY(${[...references]}::text[])
        AND p.state IN ('proposed', 'confirmed', 'applied')
      UNION SELECT ordinal, provider_reference FROM payout_item
      WHERE tenant_id = ${tenantId}::uuid AND batch_id = ${batchId}::uuid
        AND (provider_reference IN (SELECT unnest(${[...references]}::text[]))) IS TRUE
      ORDER BY ordinal`;
    return rows.map((row) => ({ ordinal: row.ordinal, providerReference: row.provider_reference }));
  },

  settledByPeople: async (batchId, ordinals) => {
    const rows = await sql.rows<{ ordinal: number }>('join')`
      SELECT DISTINCT i.ordinal FROM proposal_item i JOIN proposal p ON p.tenant_id = i.tenant_id AND p.id = i.proposal_id
      WHERE i.tenant_id = ${tenantId}::uuid AND i.batch_id = ${batchId}::uuid AND i.ordinal = ANY(${arrayText(ordinals)}::int[])
        AND p.state = 'applied' AND p.choice IN ('provider_paid', 'provider_never_got') ORDER BY i.ordinal`;
    return rows.map(({ ordinal }) => ordinal);
  },

  move: async (id, state, problem) => {
    const { count } = await orm.proposal.updateMany({
      where: { tenant_id: tenantId, id },
      data: { state, ...(state === 'confirmed' ? {} : { ended_at: now }), ...(problem === undefined ? {} : { problem }) },
    });
    if (count !== 1) throw new Error(`proposal ${id} moved under its own lock`);
  },

  insertChallenge: async (row) => {
    await orm.proposal_challenge.create({ data: { tenant_id: tenantId, ...challenges.stored(row) } });
  },

  lockChallenge: async (id) => {
    const row = await sql.row('lock')`
      SELECT ${challenges.list()} FROM proposal_challenge WHERE tenant_id = ${tenantId}::uuid AND id = ${id}::uuid FOR UPDATE`;
    return row && challenges.row(row);
  },

  markChallengeUsed: async (id) => {
    const { count } = await orm.proposal_challenge.updateMany({ where: { tenant_id: tenantId, id, used_at: null }, data: { used_at: now } });
    if (count !== 1) throw new Error(`challenge ${id} was no longer open under its own lock`);
  },

  confirm: async (row) => {
    await orm.proposal_confirmation.create({ data: { tenant_id: tenantId, ...confirmations.stored(row), created_at: now } });
  },

  confirmers: async (ids) => {
    const rows = await orm.proposal_confirmation.findMany({
      where: { tenant_id: tenantId, proposal_id: { in: [...ids] } },
      select: { proposal_id: true, person_id: true },
    });
    return new Map(rows.map((row) => [row.proposal_id, row.person_id]));
  },

  confirmationOf: async (id) => {
    const row = await orm.proposal_confirmation.findUnique({ where: { tenant_id_proposal_id: { tenant_id: tenantId, proposal_id: id } } });
    return row && confirmations.row(row);
  },

  waiting: async (limit) => {
    const rows = await orm.proposal.findMany({
      where: { tenant_id: tenantId, state: 'confirmed' },
      orderBy: { id: 'asc' },
      take: limit,
      select: { id: true },
    });
    return rows.map(({ id }) => id);
  },
});
