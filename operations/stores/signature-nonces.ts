import { columns, type Row, text, time, uuid } from './columns.js';

export const SIGNATURE_NONCE = columns({
  signingKeyId: uuid('signing_key_id'),
  nonce: text('nonce'),
  /** From then on no request can use it: the window of its signature is over. */
  expiresAt: time('expires_at'),
});
type SignatureNonceRow = Row<typeof SIGNATURE_NONCE>;

export interface SignatureNonceStore {
  /** Uses a nonce. False when it was used before with this key; of several at once exactly one gets true. */
  use(row: SignatureNonceRow): Promise<boolean>;
}
