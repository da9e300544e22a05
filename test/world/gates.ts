import type { Gate } from '../../domain/gate.js';
import { askChallenge } from '../../operations/gate/ask.js';
import { openGate } from '../../operations/gate/open.js';
import type { contextsOf } from './contexts.js';
import type { Person, peopleOf } from './people.js';
import { uuidOf } from './wire.js';

const ROLES = [
  ['approve', 'approver'],
  ['authorize', 'authorizer'],
  ['execute', 'executor'],
] as const;

export const gatesOf = ({ as, person, code }: Pick<ReturnType<typeof contextsOf>, 'as'> & ReturnType<typeof peopleOf>) => {
  /** Id of a new challenge; throws the code of a refusal. */
  const challenge = async (who: Person, gate: Gate, batchId: string): Promise<string> => {
    const asked = await askChallenge(as(who), { batch_id: batchId, gate });
    if (!asked.ok) throw new Error(`no challenge: ${asked.refusal.code}`);
    return uuidOf(asked.value.id);
  };

  /** Opens the gates up to and including `last`, each by a new person. Returns these people. */
  const openUpTo = async (last: Gate, batchId: string): Promise<Person[]> => {
    const people: Person[] = [];
    for (const [gate, role] of ROLES) {
      const who = await person(role);
      const opened = await openGate(as(who), { gate, batch_id: batchId, challenge_id: await challenge(who, gate, batchId), code: await code(who) });
      if (!opened.ok) throw new Error(`${gate} was refused: ${opened.refusal.code}`);
      people.push(who);
      if (gate === last) break;
    }
    return people;
  };

  return { challenge, openUpTo };
};
