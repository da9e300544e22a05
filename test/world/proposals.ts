import { raiseException } from '../../operations/exception/raise.js';
import { askProposalChallenge } from '../../operations/proposal/ask.js';
import { confirmProposal } from '../../operations/proposal/confirm.js';
import { proposeResolution } from '../../operations/proposal/propose.js';
import { proposeRecovery } from '../../operations/recovery/propose.js';
import { showRecovery } from '../../operations/recovery/show.js';
import type { contextsOf } from './contexts.js';
import type { World } from './open.js';
import type { Person } from './people.js';
import { must, uuidOf } from './wire.js';

type Over = Parameters<ReturnType<typeof contextsOf>['as']>[1];

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
  await confirm(world, second, proposalId);
  return proposalId;
};

/** A recovery of the home workspace that one person proposes and another one confirms, in recovery mode. */
export const confirmedRecovery = async (world: World): Promise<string> => {
  const over = { services: { recovery: { reason: () => 'an older copy was put back' } } };
  const [first, second] = [await world.person('executor'), await world.person('authorizer')];
  const plan = must(await showRecovery(world.as(first, over)));
  const proposed = must(await proposeRecovery(world.as(first, over), { reason: 'the disk was lost', plan_digest: plan.digest }));
  const proposalId = uuidOf(proposed.id);
  await confirm(world, second, proposalId, over);
  return proposalId;
};

const confirm = async (world: World, who: Person, proposalId: string, over?: Over): Promise<void> => {
  const challenge = must(await askProposalChallenge(world.as(who, over), { proposal_id: proposalId }));
  must(await confirmProposal(world.as(who, over), { proposal_id: proposalId, challenge_id: uuidOf(challenge.id), code: await world.code(who) }));
};
