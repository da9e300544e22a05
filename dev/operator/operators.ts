import { randomBytes } from 'node:crypto';
import type pg from 'pg';
import { systemEntropy } from '../../vault/entropy.js';
import { newToken } from '../../vault/tokens.js';

export interface OperatorLine {
  name: string;
  email: string;
  /** Keys that are not revoked, as they begin. */
  keys: string[];
}

/**
 * Makes a credential for an operator, whom it makes too when the address is new, and returns it with their name: only its SHA-256 is stored.
 * An address that is known keeps its name: it is one person, and two of their credentials never count as two people.
 */
export const createOperatorKey = async (
  client: pg.Client,
  { name, email }: { name: string; email: string },
): Promise<{ token: string; name: string }> => {
  const { token, hash, prefix } = newToken('operator', 'live', randomBytes);
  const { rows } = await client.query<{ name: string }>(
    `WITH made AS (
       INSERT INTO platform_operator (id, email, name) VALUES ($1, $2, $3) ON CONFLICT (email) DO UPDATE SET name = platform_operator.name
       RETURNING id, name
     ), key AS (
       INSERT INTO operator_key (id, operator_id, prefix, token_hash) SELECT $4, made.id, $5, $6 FROM made
     )
     SELECT name FROM made`,
    [systemEntropy.newId(), email.toLowerCase(), name, systemEntropy.newId(), prefix, hash],
  );
  return { token, name: rows[0]?.name ?? name };
};

/** Revokes every credential of an operator at once. Returns how many there were. */
export const revokeOperatorKeys = async (client: pg.Client, email: string): Promise<number> => {
  const { rowCount } = await client.query(
    `UPDATE operator_key k SET revoked_at = now() FROM platform_operator o WHERE o.id = k.operator_id AND o.email = $1 AND k.revoked_at IS NULL`,
    [email.toLowerCase()],
  );
  return rowCount ?? 0;
};

export const listOperators = async (client: pg.Client): Promise<OperatorLine[]> => {
  const { rows } = await client.query<OperatorLine>(
    `SELECT o.name, o.email, ARRAY(SELECT k.prefix FROM operator_key k WHERE k.operator_id = o.id AND k.revoked_at IS NULL ORDER BY k.created_at) AS keys
     FROM platform_operator o ORDER BY o.email`,
  );
  return rows;
};
