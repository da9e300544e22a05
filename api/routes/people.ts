import type { PEOPLE_ROUTES } from '../../contracts/routes/people.js';
import { listPeople } from '../../operations/person/list.js';
import type { Handlers } from '../handlers.js';

export const people: Pick<Handlers, keyof typeof PEOPLE_ROUTES> = { list_people: listPeople };
