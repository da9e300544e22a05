import { permissionsOf } from '../../domain/actors.js';
import { keyState } from '../../domain/api-key.js';
import { type Refusal, type Result, refuse } from '../../domain/result.js';
import { type Context, refusedAndAudited } from '../context.js';
import { proveByCode } from '../factor/prove.js';
import { answer } from '../idempotency/answer.js';
import { toWireApiKey, type WireApiKey } from './view.js';

/**
 * Lets a suspended key go on, from the next request in every process. Its owner may, and whoever may enable members; it takes a code of a second
 * factor, because whoever has the key's secret may have a session too. What was counted before does not suspend it again.
 *
 * Refuses with `forbidden` (the caller is not a person, or it is the key of another), `not_found`, `key_not_suspended`, `code_wrong`,
 * `otp_step_used`, `factor_locked` or `factor_missing`.
 */
export const resumeApiKey = (ctx: Context, { key_id, code }: { key_id: string; code: string }): Promise<Result<WireApiKey>> => {
  const { actor } = ctx;
  return ctx.inTenant(async (stores) => {
    const entry = { subject: { type: 'api_key', id: key_id }, action: 'api_key.resume', detail: {} } as const;
    const refused = ({ refusal }: { refusal: Refusal }) => refusedAndAudited(stores, entry, refusal);
    if (actor.type !== 'user') return refused(refuse('forbidden', 'Only a person signed in as themselves resumes API keys.'));
    const key = await stores.apiKeys.lock(key_id);
    if (!key) return refused(refuse('not_found', 'This workspace has no such API key.'));
    if (key.ownerPersonId !== actor.personId && !permissionsOf(actor).includes('people.manage')) return refused(refuse('forbidden', OF_ANOTHER));
    const state = keyState(key, stores.now);
    if (state !== 'suspended')
      return refused(refuse('key_not_suspended', `The key is ${state}, so there is nothing to resume.`, { extra: { state } }));
    const unproven = await proveByCode(ctx, stores, actor.personId, code);
    if (unproven) return refused({ refusal: unproven });
    const row = await stores.apiKeys.resume(key_id);
    await stores.audit.append({ ...entry, result: 'ok' });
    return answer(toWireApiKey(row, stores.now));
  });
};

const OF_ANOTHER = 'Only its owner resumes a key, or somebody who may manage people; ask one of them.';
