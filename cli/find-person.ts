import type { Client } from '../client/client.js';
import { ProblemError } from '../client/problem-error.js';
import { EXIT, Failure } from './failure.js';

/** How a person of the workspace is named in a command. */
export const PERSON = '`me`, an e-mail address or an id';

/** The id of a member of the workspace, from that id itself, an e-mail address, or `me`. Fails when there is no such member. */
export const findPerson = async (client: Client, name: string): Promise<string> => {
  if (name.startsWith('person_')) return name;
  if (name === 'me') return (await client.show_session({}).catch(refuseKey)).person.id;
  const { data } = await client.list_people({ email: name, limit: 1 });
  const [found] = data;
  if (!found) throw new Failure(EXIT.failed, `This workspace has nobody with the id or e-mail address ${name}.`, 'sluice people list', 'not_found');
  return found.id;
};

/** A key belongs to a person, and is none. */
const refuseKey = (error: unknown): never => {
  if (!(error instanceof ProblemError && error.problem.code === 'forbidden')) throw error;
  throw new Failure(EXIT.usage, '`me` is nobody here: an API key is in use. Name the person by e-mail address or id.', 'sluice people list');
};
