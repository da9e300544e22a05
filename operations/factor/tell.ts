import type { AuditEntry } from '../../domain/audit/event.js';
import type { Letter } from '../../domain/letter.js';
import type { Refusal } from '../../domain/result.js';
import type { Context } from '../context.js';
import { writeLetter } from '../mail/write.js';
import type { Stores } from '../ports.js';

/** An event about a person's account. */
type PersonalEntry = AuditEntry & { subject: { type: 'person'; id: string } };

export const personalEntry = (personId: string, action: string): Omit<PersonalEntry, 'result'> => ({
  subject: { type: 'person', id: personId },
  action,
  detail: {},
});

/** Writes an event into this workspace's log, and later into those of the person's other workspaces, because their account belongs to all. */
export const writeEverywhere = async (stores: Stores, { subject, action, result, detail }: PersonalEntry): Promise<void> => {
  await stores.personEvents.add({ personId: subject.id, action, result, detail });
  await stores.audit.append({ subject, action, result, detail });
};

/** Writes a refused attempt into all of them, and returns the refusal. */
export const refusedEverywhere = async (
  stores: Stores,
  entry: Omit<PersonalEntry, 'result'>,
  refusal: Refusal,
): Promise<{ ok: false; refusal: Refusal }> => {
  await writeEverywhere(stores, { ...entry, result: refusal.code });
  return { ok: false, refusal };
};

/** Tells somebody of the workspace by e-mail, in the transaction that does what is told. */
export const tellByLetter = async (ctx: Context, stores: Stores, personId: string, letter: Letter): Promise<void> => {
  const person = (await stores.memberships.names([personId])).get(personId);
  if (person) await writeLetter(ctx, stores, { name: person.name, email: person.email }, letter);
};
