import { createSigningKey } from '../../operations/signing-key/create.js';
import { listSigningKeys } from '../../operations/signing-key/list.js';
import { revokeSigningKey } from '../../operations/signing-key/revoke.js';
import { allowUnsigned } from '../../operations/workspace/allow-unsigned.js';
import { requireSigning } from '../../operations/workspace/require-signing.js';
import { showSigning } from '../../operations/workspace/signing.js';
import type { Handlers } from '../handlers.js';

type Signing = Extract<keyof Handlers, `${string}_signing_key` | `${string}_signing_keys` | `${string}_signing` | 'allow_unsigned'>;

export const signing: Pick<Handlers, Signing> = {
  create_signing_key: createSigningKey,
  list_signing_keys: listSigningKeys,
  revoke_signing_key: revokeSigningKey,
  show_signing: showSigning,
  require_signing: requireSigning,
  allow_unsigned: allowUnsigned,
};
