import type { z } from 'zod';
import type { doneBy } from '../contracts/wire.js';
import type { DoneBy } from '../domain/actors.js';
import { toWireId } from '../domain/ids.js';
import type { Stores } from './ports.js';

export type WireDoneBy = z.infer<typeof doneBy>;
export type NameOf = (deed: DoneBy) => WireDoneBy | null;

/** A deed of which only the person is kept. */
export const byPerson = (personId: string | null): DoneBy => ({ personId, apiKeyId: null });

/**
 * Names who did something, for any number of deeds in two statements. The answer gives null for the system, and for a person who is no
 * member of the workspace.
 */
export const nameDoneBy = async (stores: Stores, deeds: readonly DoneBy[]): Promise<NameOf> => {
  const [personIds, keyIds] = [present(deeds.map(({ personId }) => personId)), present(deeds.map(({ apiKeyId }) => apiKeyId))];
  const members = personIds.length > 0 ? await stores.memberships.names(personIds) : new Map<string, never>();
  const keys = keyIds.length > 0 ? await stores.apiKeys.names(keyIds) : new Map<string, never>();
  return ({ personId, apiKeyId }) => {
    const member = personId === null ? undefined : members.get(personId);
    if (personId === null || !member) return null;
    const key = apiKeyId === null ? undefined : keys.get(apiKeyId);
    return {
      person_id: toWireId('person', personId),
      name: member.name,
      roles: member.roles,
      api_key: apiKeyId === null || key === undefined ? null : { id: toWireId('apiKey', apiKeyId), name: key },
    };
  };
};

const present = (ids: readonly (string | null)[]): string[] => [...new Set(ids.flatMap((id) => id ?? []))];
