import { sameBytes } from '../domain/hashing.js';
import { type ClaimOutcome, IDEMPOTENCY_KEY, type IdempotencyClaim, type IdempotencyKeyStore } from '../operations/stores/idempotency-keys.js';
import type { idempotency_key } from '../prisma/generated/client.js';
import type { Tx } from './transaction/open.js';
import type { Scope } from './transaction/scope.js';
import { tableOf } from './transaction/table.js';

const keys = tableOf<idempotency_key>()(IDEMPOTENCY_KEY);

/**
 * Idempotency keys of one tenant. A claim is a lease on the database's clock. Its end is in whole milliseconds, which a Date
 * can hold, and names the holder: another holder's lease always ends later.
 */
export const idempotencyKeyStore = (tx: Tx, { tenantId }: Scope): IdempotencyKeyStore => ({
  claim: async (key, inputHash, leaseMs) => {
    const claimed = await tx.sql.row<{ lease: Date }>('conflict')`
      INSERT INTO idempotency_key AS k (tenant_id, principal, route, key, input_hash, lease_until)
      VALUES (${tenantId}::uuid, ${key.principal}, ${key.route}, ${key.key}, ${inputHash},
        date_trunc('milliseconds', clock_timestamp()) + ${leaseMs}::int * interval '1 millisecond')
      ON CONFLICT (tenant_id, principal, route, key) DO UPDATE SET lease_until = excluded.lease_until
        WHERE k.status IS NULL AND k.lease_until < clock_timestamp() AND k.input_hash = excluded.input_hash
      RETURNING k.lease_until AS lease`;
    return claimed ? { kind: 'fresh', lease: claimed.lease } : findClaim(tx, tenantId, key, inputHash);
  },

  store: async (key, lease, { status, sealed, subject }) => {
    const { count } = await tx.orm.idempotency_key.updateMany({
      where: { tenant_id: tenantId, ...keys.stored(claimOf(key)), lease_until: lease },
      data: keys.stored({ status, sealed, subject }),
    });
    return count === 1;
  },

  forget: async (key, lease) => {
    await tx.orm.idempotency_key.deleteMany({
      where: { tenant_id: tenantId, ...keys.stored(claimOf(key)), lease_until: lease, status: null },
    });
  },
});

const claimOf = ({ principal, route, key }: IdempotencyClaim): IdempotencyClaim => ({ principal, route, key });

/** Why a key could not be claimed: its answer is stored, another input has it, or another request is at work. */
const findClaim = async (tx: Tx, tenantId: string, key: IdempotencyClaim, inputHash: Uint8Array): Promise<ClaimOutcome> => {
  const found = await tx.orm.idempotency_key.findFirst({ where: { tenant_id: tenantId, ...keys.stored(claimOf(key)) } });
  // The other request gave it back between the two statements: the next try finds it free.
  if (!found) return { kind: 'in_flight' };
  if (!sameBytes(found.input_hash, inputHash)) return { kind: 'other_input' };
  const { status, sealed, subject } = keys.row(found);
  if (status === null) return { kind: 'in_flight' };
  return sealed ? { kind: 'replay', status, sealed } : { kind: 'secret', subject };
};
