import type { Gate } from '../../domain/gate.js';
import { askChallenge } from '../../operations/gate/ask.js';
import { openGate } from '../../operations/gate/open.js';
import type { ApiDeps } from '../deps.js';
import type { Handlers, Operation } from '../handlers.js';

type GateRoute = 'approve_payout_batch' | 'authorize_payout_batch' | 'execute_payout_batch';

/** The three verbs are one operation: the path says which gate. That a passkey may have been copied belongs into all logs of its person. */
const opening =
  ({ personEvents }: Pick<ApiDeps, 'personEvents'>, gate: Gate): Operation<GateRoute> =>
  async (ctx, input) => {
    const result = await openGate(ctx, { gate, ...input });
    if (!result.ok && result.refusal.code === 'passkey_copied') personEvents.wake();
    return result;
  };

export const gates = (deps: Pick<ApiDeps, 'personEvents'>): Pick<Handlers, 'ask_challenge' | GateRoute> => ({
  ask_challenge: askChallenge,
  approve_payout_batch: opening(deps, 'approve'),
  authorize_payout_batch: opening(deps, 'authorize'),
  execute_payout_batch: opening(deps, 'execute'),
});
