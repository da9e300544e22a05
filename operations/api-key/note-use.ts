import { nearbyNetwork } from '../../domain/network.js';
import type { Context } from '../context.js';

/** Notes when, and from which network, a key was used last. It is written once a minute at most, whatever number of processes asks. */
export const noteKeyUse = (ctx: Context, keyId: string, address: string | null): Promise<void> =>
  ctx.inTenant((stores) => stores.apiKeys.noteUse(keyId, address && nearbyNetwork(address)));
