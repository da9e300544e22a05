import type { OperatorActor } from '../../domain/actors.js';
import { toWireId } from '../../domain/ids.js';
import type { openCredentials } from '../../vault/credentials.js';
import { systemEntropy } from '../../vault/entropy.js';
import type { OwnDatabase } from './database.js';
import type { Workspace } from './workspaces.js';

/** Somebody who runs the platform, with a credential. */
export interface Operator {
  id: string;
  actor: OperatorActor;
  token: string;
}

export const operatorsOf = ({
  sqlIn,
  home,
  credentials,
}: Pick<OwnDatabase, 'sqlIn'> & { home: Workspace; credentials: ReturnType<typeof openCredentials> }) => {
  /** A credential of an operator who is there, or of a new one. */
  const operator = async (of?: Operator): Promise<Operator> => {
    const [id, keyId] = [of?.id ?? systemEntropy.newId(), systemEntropy.newId()];
    const { token, hash, prefix } = credentials.newToken('operator', 'live');
    const sql = (text: string, values: unknown[]) => sqlIn(home.tenantId, text, values);
    if (!of)
      await sql(`INSERT INTO platform_operator (id, email, name) VALUES ($1, $2, $3)`, [id, `${toWireId('operator', id)}@platform.example`, 'Ops']);
    await sql(`INSERT INTO operator_key (id, operator_id, prefix, token_hash) VALUES ($1, $2, $3, $4)`, [keyId, id, prefix, hash]);
    return { id, token, actor: { type: 'operator', operatorId: id, operatorKeyId: keyId } };
  };
  return { operator };
};
