import type { PEOPLE_ROUTES } from '../../contracts/routes/people.js';
import { disablePerson, enablePerson, setPersonRoles } from '../../operations/person/change.js';
import { listPeople } from '../../operations/person/list.js';
import { defineRole } from '../../operations/role/define.js';
import { deleteRole, editRole } from '../../operations/role/edit.js';
import { listRoles } from '../../operations/role/list.js';
import type { Handlers } from '../handlers.js';

export const people: Pick<Handlers, keyof typeof PEOPLE_ROUTES> = {
  list_people: listPeople,
  set_person_roles: setPersonRoles,
  disable_person: disablePerson,
  enable_person: enablePerson,
  list_roles: listRoles,
  define_role: defineRole,
  edit_role: editRole,
  delete_role: deleteRole,
};
