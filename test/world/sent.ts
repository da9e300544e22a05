import { toItemId } from '../../domain/ids.js';
import { coverageOf } from '../../domain/item/coverage.js';
import type { EvidenceOutcome } from '../../domain/item/evidence.js';
import { recordDispatch } from '../../operations/chunk/record-dispatch.js';
import { settleEvidence } from '../../operations/settlement/settle.js';
import { systemEntropy } from '../../vault/entropy.js';
import type { World } from './open.js';

type Dispatcher = Pick<World, 'worker' | 'home'>;

/** Writes the dispatch of some items of the first chunk, as the worker does before it sends them. They are `submitting` then. */
export const dispatch = (
  world: Dispatcher,
  batchId: string,
  ordinals: readonly number[],
  leaseMs = 0,
  purpose: 'first' | 'recovery' = 'first',
): Promise<void> =>
  world.worker().inTenant((stores) =>
    recordDispatch(stores, {
      ...{ batchId, chunk: 0, attempt: 1, purpose, connectionId: world.home.connectionId, connectionVersion: 1, rendererVersion: 1 },
      ...coverageOf(0, Math.max(...ordinals) + 1, ordinals),
      ...{ artefactHash: systemEntropy.bytes(32), itemCount: ordinals.length, leaseMs, amount: 0n },
    }),
  );

/** Dispatches the first items, and settles them by what the rail says: `submitting` is what it says nothing about. */
export const sendFirst = async (world: Dispatcher, batchId: string, states: readonly ('submitting' | EvidenceOutcome)[]): Promise<void> => {
  await dispatch(
    world,
    batchId,
    states.map((_, ordinal) => ordinal),
  );
  const outcomes = states.flatMap((outcome, ordinal) =>
    outcome === 'submitting'
      ? []
      : [{ key: toItemId(batchId, ordinal), outcome, rank: 1, providerReference: `pay_${ordinal}`, reason: null, amount: null, currency: null }],
  );
  if (outcomes.length > 0) await settleEvidence(world.worker(), { batchId, connectionId: world.home.connectionId, source: 'answer', outcomes });
};
