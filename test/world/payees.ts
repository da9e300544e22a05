import { randomBytes } from 'node:crypto';
import type { Context } from '../../operations/context.js';
import type { DestinationRow } from '../../operations/stores/payees.js';
import { systemEntropy } from '../../vault/entropy.js';
import type { OwnDatabase } from './database.js';
import type { Person } from './people.js';

export interface Payee {
  id: string;
  destinationId: string;
}

export const payeesOf = ({ sqlIn, api }: OwnDatabase & { api: () => Context }) => {
  /** A payee whose one destination pays `name`, sealed as the product seals it. */
  const payee = async (name: string, madeBy: Person | null = null): Promise<Payee> => {
    const [id, destinationId] = [systemEntropy.newId(), systemEntropy.newId()];
    const { tenantId, inTenant, services } = api();
    const place = { tenantId, purpose: 'payee', record: destinationId, field: 'destination' } as const;
    const sealed = await inTenant(async (stores) => {
      const { key, stored } = (await services.vault.newSubjectKeys(stores.keys, tenantId))(id);
      await stores.keys.insertSubjectKeys([{ subjectId: id, stored }]);
      return services.vault.sealWith(key, place, Buffer.from(JSON.stringify({ salt: '00', sent_to: { name } })));
    });
    await sqlIn(
      tenantId,
      `INSERT INTO payee (tenant_id, id, reference, payee_type, country, sealed_name) VALUES ($1, $2, $3, 'individual', 'DE', '\\x00')`,
      [tenantId, id, `payee-${id}`],
    );
    await sqlIn(
      tenantId,
      `INSERT INTO payee_destination (tenant_id, id, payee_id, version, kind, sealed, fingerprint, masked, commitment, created_by)
       VALUES ($1, $2, $3, 1, 'iban', $4, sha256(decode(replace($2::uuid::text, '-', ''), 'hex')), 'IBAN DE …1234', $5, $6)`,
      [tenantId, destinationId, id, Buffer.from(sealed), randomBytes(32), madeBy?.id ?? null],
    );
    return { id, destinationId };
  };

  /** All destination versions of a payee, oldest first. */
  const destinationsOf = async (payeeId: string): Promise<DestinationRow[]> => {
    const { tenantId, inTenant } = api();
    const text = 'SELECT id FROM payee_destination WHERE payee_id = $1 ORDER BY version';
    const ids = (await sqlIn<{ id: string }>(tenantId, text, [payeeId])).map(({ id }) => id);
    const found = await inTenant((stores) => stores.payees.destinations(ids));
    return ids.flatMap((id) => found.get(id) ?? []);
  };

  return { payee, destinationsOf };
};

/** A valid German IBAN of any account number: ISO 13616 check digits by ISO 7064 mod 97-10. */
export const iban = (account: number): string => {
  const bban = `37040044${account.toString().padStart(10, '0')}`;
  const check = 98n - (BigInt(`${bban}131400`) % 97n);
  return `DE${check.toString().padStart(2, '0')}${bban}`;
};
