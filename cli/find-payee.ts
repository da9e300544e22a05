import type { Client } from '../client/client.js';
import { fromWireId } from '../domain/ids.js';
import { EXIT, Failure } from './failure.js';

/** The id of a payee, from that id itself or from the caller's reference, which may begin like an id. Fails when there is no such payee. */
export const findPayee = async (client: Client, name: string): Promise<string> => {
  if (fromWireId('payee', name) !== null) return name;
  const { data } = await client.list_payees({ reference: name, limit: 1 });
  const [found] = data;
  if (!found) throw new Failure(EXIT.failed, `There is no payee with the id or reference ${name}.`, 'sluice payee list', 'not_found');
  return found.id;
};
