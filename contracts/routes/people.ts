import * as people from '../people.js';
import { list, type RouteShape } from '../route-shape.js';

/** Who works in the workspace. */
export const PEOPLE_ROUTES = {
  list_people: list({
    path: '/v1/people',
    summary: 'List the members of the workspace',
    // Whoever reads exceptions has to know whom to give one to.
    permission: 'exceptions.read',
    query: people.listPeople,
    cursor: 'person',
    of: people.person,
  }),
} as const satisfies Record<string, RouteShape>;
