import { storedSeal } from '../../db/sealed-membership.js';
import { sealMembership } from '../../operations/membership/seal.js';
import { systemEntropy } from '../../vault/entropy.js';
import type { KeyFile } from '../../vault/key-file.js';
import { openMembershipKey } from '../../vault/membership-key.js';

/** The row of a first member, whom the owner of the database makes: sealed as all are, but for an event of nobody. */
export const newMembership = (keyFile: Pick<KeyFile, 'root'>, member: { tenantId: string; personId: string; roles: string[] }) => {
  const said = { ...member, disabled: false, eventId: systemEntropy.newId() };
  return {
    tenant_id: member.tenantId,
    person_id: member.personId,
    roles: member.roles,
    ...storedSeal(sealMembership(openMembershipKey(keyFile), said)),
  };
};
