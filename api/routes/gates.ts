import type { Gate } from '../../domain/gate.js';
import { askChallenge } from '../../operations/gate/ask.js';
import { openGate } from '../../operations/gate/open.js';
import type { Handlers, Operation } from '../handlers.js';

type GateRoute = 'approve_payout_batch' | 'authorize_payout_batch' | 'execute_payout_batch';

/** The three verbs are one operation: the path says which gate. */
const opening =
  (gate: Gate): Operation<GateRoute> =>
  (ctx, input) =>
    openGate(ctx, { gate, ...input });

export const gates: Pick<Handlers, 'ask_challenge' | GateRoute> = {
  ask_challenge: askChallenge,
  approve_payout_batch: opening('approve'),
  authorize_payout_batch: opening('authorize'),
  execute_payout_batch: opening('execute'),
};
