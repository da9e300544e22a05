import { GATES, type Gate } from '../../domain/gate.js';
import { askChallenge } from '../../operations/gate/ask.js';
import { openGate } from '../../operations/gate/open.js';
import type { batchesOf } from './batches.js';
import type { contextsOf } from './contexts.js';
import type { Person, peopleOf } from './people.js';
import { uuidOf } from './wire.js';

/** The role that opens a gate. */
export const ROLE_OF = { approve: 'approver', authorize: 'authorizer', execute: 'executor' } as const;

type Base = Pick<ReturnType<typeof contextsOf>, 'as'> & ReturnType<typeof peopleOf> & ReturnType<typeof batchesOf>;

export const gatesOf = ({ as, person, code, batch }: Base) => {
  /** Id of a new challenge; throws the code of a refusal. */
  const challenge = async (who: Person, gate: Gate, batchId: string): Promise<string> => {
    const asked = await askChallenge(as(who), { batch_id: batchId, gate });
    if (!asked.ok) throw new Error(`no challenge: ${asked.refusal.code}`);
    return uuidOf(asked.value.id);
  };

  /** Tries to open a gate by a challenge, with the code that the authenticator shows now. */
  const tryGate = async (who: Person, gate: Gate, batchId: string, challengeId: string, given?: string) =>
    openGate(as(who), { gate, batch_id: batchId, challenge_id: challengeId, code: given ?? (await code(who)) });

  /** Opens the gates up to and including `last`, each by a new person. Returns these people. */
  const openUpTo = async (last: Gate, batchId: string): Promise<Person[]> => {
    const people: Person[] = [];
    for (const gate of GATES) {
      const who = await person(ROLE_OF[gate]);
      const opened = await tryGate(who, gate, batchId, await challenge(who, gate, batchId));
      if (!opened.ok) throw new Error(`${gate} was refused: ${opened.refusal.code}`);
      people.push(who);
      if (gate === last) break;
    }
    return people;
  };

  /** A batch that waits for `gate`, the people who opened the gates before it, and somebody who may open it. */
  const waitingFor = async (gate: Gate, options: Parameters<typeof batch>[0] = {}) => {
    const made = await batch(options);
    const earlier = GATES[GATES.indexOf(gate) - 1];
    const holders = earlier ? await openUpTo(earlier, made.id) : [];
    return { batch: made, holders, who: await person(ROLE_OF[gate]) };
  };

  return { challenge, tryGate, openUpTo, waitingFor };
};
