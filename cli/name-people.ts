import type { Client } from '../client/client.js';
import { ProblemError } from '../client/problem-error.js';
import { fromWireId } from '../domain/ids.js';

/** What the API lists at once. */
const PAGE = 200;

/** Names of all members of the workspace by UUID, as events have it; of nobody when the caller may not read them. */
export const nameMembers = async (client: Client): Promise<ReadonlyMap<string, string>> => {
  const names = new Map<string, string>();
  try {
    for (let after: string | undefined; ; ) {
      const page = await client.list_people({ limit: PAGE, starting_after: after });
      for (const { id, name } of page.data) names.set(fromWireId('person', id) ?? id, name);
      if (page.next_cursor === null) return names;
      after = page.next_cursor;
    }
  } catch (error) {
    if (error instanceof ProblemError && error.problem.code === 'forbidden') return names;
    throw error;
  }
};
