import type { Client } from '../client/client.js';
import { fromWireId } from '../domain/ids.js';
import { EXIT, Failure } from './failure.js';

/** The id of a batch, from that id itself or from an external id, which may begin like an id. Fails when there is no such batch. */
export const findBatch = async (client: Client, name: string): Promise<string> => {
  if (fromWireId('batch', name) !== null) return name;
  const { data } = await client.list_payout_batches({ external_id: name, limit: 1 });
  const [found] = data;
  if (!found) throw new Failure(EXIT.failed, `There is no batch with the id or external id ${name}.`, 'sluice batch list', 'not_found');
  return found.id;
};
