import { nearbyNetwork } from '../../domain/network.js';
import { type Refusal, refuse } from '../../domain/result.js';
import { type Context, refusedAndAudited } from '../context.js';

/**
 * Refuses the use of a key from an address outside its networks, and writes it to the audit log: one event a key, network and minute at
 * most, so that a flood of requests can't fill the log.
 */
export const refuseKeyUse = async (ctx: Context, use: { keyId: string; address: string | null; route: string }): Promise<Refusal> => {
  const { keyId, address, route } = use;
  const network = (address && nearbyNetwork(address)) ?? 'unknown';
  const { refusal } = refuse('network_not_allowed', `This key may not be used from ${where(network)}. Its owner has said from where it may.`, {
    extra: { network },
  });
  const entry = { subject: { type: 'api_key', id: keyId }, action: 'api_key.use', detail: { network, route } } as const;
  await ctx.inTenant(async (stores) => {
    if (await stores.apiKeys.noteRefusal(keyId, network)) await refusedAndAudited(stores, entry, refusal);
  });
  return refusal;
};

const where = (network: string): string => (network === 'unknown' ? 'an address that is not known' : `the network ${network}`);
