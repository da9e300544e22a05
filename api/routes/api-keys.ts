import { createApiKey } from '../../operations/api-key/create.js';
import { listApiKeys } from '../../operations/api-key/list.js';
import { revokeApiKey } from '../../operations/api-key/revoke.js';
import type { Handlers } from '../handlers.js';

export const apiKeys: Pick<Handlers, 'create_api_key' | 'list_api_keys' | 'revoke_api_key'> = {
  create_api_key: createApiKey,
  list_api_keys: listApiKeys,
  revoke_api_key: revokeApiKey,
};
