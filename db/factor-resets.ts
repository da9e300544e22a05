import { FACTOR_RESET, type FactorResetStore } from '../operations/stores/factor-resets.js';
import type { factor_reset } from '../prisma/generated/client.js';
import type { Tx } from './transaction/open.js';
import type { Scope } from './transaction/scope.js';
import { tableOf } from './transaction/table.js';

const resets = tableOf<factor_reset>()(FACTOR_RESET);

/** Resets of second factors. What they do to somebody else's rows is done by a function, which asks for two people itself (migration 0028). */
export const factorResetStore = ({ orm, sql }: Tx, { tenantId, now }: Scope): FactorResetStore => ({
  covers: async (personId) => {
    const row = await sql.row<{ covers: boolean }>('function')`SELECT sluice_i_cover(${personId}::uuid) AS covers`;
    return row?.covers === true;
  },

  ask: async ({ id, personId, proposedBy }, forMs) => {
    // Two who ask at once would both find none to replace.
    await sql.row('lock')`SELECT pg_advisory_xact_lock(hashtextextended('factor reset ' || ${personId}::text, 0))`;
    await orm.factor_reset.deleteMany({ where: { tenant_id: tenantId, person_id: personId, confirmed_at: null } });
    const expires_at = new Date(now.getTime() + forMs);
    const row = await orm.factor_reset.create({ data: { tenant_id: tenantId, id, person_id: personId, proposed_by: proposedBy, expires_at } });
    return resets.row(row);
  },

  lockWaiting: async (personId) => {
    await sql.row('lock')`SELECT pg_advisory_xact_lock(hashtextextended('factor reset ' || ${personId}::text, 0))`;
    const row = await orm.factor_reset.findFirst({
      where: { tenant_id: tenantId, person_id: personId, confirmed_at: null, expires_at: { gt: now } },
    });
    return row && resets.row(row);
  },

  carryOut: async (resetId) => {
    const row = await sql.row<{ ended: bigint | null }>('function')`SELECT sluice_reset_factors(${resetId}::uuid) AS ended`;
    return row?.ended === null || row?.ended === undefined ? null : Number(row.ended);
  },
});
