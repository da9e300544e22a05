import { createApiKey } from '../../operations/api-key/create.js';
import { listApiKeys } from '../../operations/api-key/list.js';
import { resumeApiKey } from '../../operations/api-key/resume.js';
import { revokeApiKey } from '../../operations/api-key/revoke.js';
import { rotateApiKey } from '../../operations/api-key/rotate.js';
import type { Handlers } from '../handlers.js';

export const apiKeys: Pick<Handlers, 'create_api_key' | 'list_api_keys' | 'rotate_api_key' | 'resume_api_key' | 'revoke_api_key'> = {
  create_api_key: createApiKey,
  list_api_keys: listApiKeys,
  rotate_api_key: rotateApiKey,
  resume_api_key: resumeApiKey,
  revoke_api_key: revokeApiKey,
};
