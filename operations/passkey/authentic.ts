import { passkeyBytes } from '../../domain/passkey.js';
import type { Context } from '../context.js';
import type { ConfirmedPasskey } from '../stores/factors.js';

/** A passkey with what its authenticator is computed over. */
type Whose = Omit<ConfirmedPasskey, 'signCount' | 'authenticator'> & { factorId: string; personId: string };

/** The authenticator of a passkey, which is written when it is confirmed: nobody who has only the database exchanges its key. */
export const authenticatePasskey = (ctx: Context, passkey: Whose): Uint8Array => ctx.services.gateKey.authenticate(passkeyBytes(passkey));

/** Whether this installation confirmed this key for this person and host. It is asked wherever the key is used. */
export const isAuthenticPasskey = (ctx: Context, passkey: Whose & { authenticator: Uint8Array }): boolean =>
  ctx.services.gateKey.isAuthentic(passkeyBytes(passkey), passkey.authenticator);
