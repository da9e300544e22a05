import { raiseException } from '../../operations/exception/raise.js';
import { askProposalChallenge } from '../../operations/proposal/ask.js';
import { confirmProposal } from '../../operations/proposal/confirm.js';
import { proposeResolution } from '../../operations/proposal/propose.js';
import type { World } from './open.js';
import { must, uuidOf } from './wire.js';

/** An exception of a batch that one person proposes to end and another one confirms. Triggers let nobody make these rows alone. */
export const confirmedProposal = async (world: World): Promise<string> => {
  const batch = await world.batch();
  const worker = world.worker();
  const raised = await worker.inTenant((stores) =>
    raiseException(worker, stores, { kind: 'paid_twice_at_provider', batchId: batch.id, ordinals: [0] }),
  );
  const [first, second] = [await world.person('executor'), await world.person('authorizer')];
  const input = { exception_id: raised.id, choice: 'made_good', reason: 'we got it back' } as const;
  const proposalId = uuidOf(must(await proposeResolution(world.as(first), input)).id);
  const challenge = must(await askProposalChallenge(world.as(second), { proposal_id: proposalId }));
  must(await confirmProposal(world.as(second), { proposal_id: proposalId, challenge_id: uuidOf(challenge.id), code: await world.code(second) }));
  return proposalId;
};
