import { KEY_SCOPES, type Permission } from './permissions.js';

/**
 * Who does something. `familyId` is that of a key that took another's place: the first of its row. Whoever uses a one-time link of a letter
 * acts as the person whom it was sent to, for that one thing, and is allowed nothing else.
 */
export type Actor =
  | {
      type: 'user';
      personId: string;
      sessionId: string;
      roles: readonly string[];
      permissions: readonly Permission[];
      /** What the roles allow and the session does not, because it was opened without a second factor. */
      sleeping?: readonly Permission[];
    }
  | { type: 'api_key'; keyId: string; familyId?: string; ownerPersonId: string; scopes: readonly Permission[] }
  | { type: 'agent'; agentId: string; ownerPersonId: string; scopes: readonly Permission[] }
  | { type: 'support_impersonator'; operatorId: string; personId: string; roles: readonly string[]; permissions: readonly Permission[] }
  | { type: 'email_link'; linkId: string; personId: string }
  | OperatorActor
  | { type: 'system'; process: 'worker' | 'relay' | 'sequencer' | 'api' | 'setup' };

/** Somebody who runs the platform, by one of their keys. They act on a workspace and belong to none. */
export type OperatorActor = { type: 'operator'; operatorId: string; operatorKeyId: string };

/**
 * An actor as an audit event keeps it: with the names of their roles, without what those allow. Events of before a member could have several
 * roles have the one as `role`.
 */
export type RecordedActor =
  | ({ type: 'user'; personId: string; sessionId: string } & RecordedRoles)
  | ({ type: 'support_impersonator'; operatorId: string; personId: string } & RecordedRoles)
  | Exclude<Actor, { permissions: unknown }>;
type RecordedRoles = { roles: readonly string[] } | { role: string };

export const recordedActor = (actor: Actor | RecordedActor): RecordedActor => {
  if (!('permissions' in actor)) return actor;
  const { permissions: _, ...rest } = actor;
  if (!('sleeping' in rest)) return rest;
  const { sleeping: _sleeping, ...recorded } = rest;
  return recorded;
};

/** A program that acts by a credential of its own. */
export const isMachine = ({ type }: Pick<Actor, 'type'>): boolean => type === 'api_key' || type === 'agent';

/** Whether a person acts, and nothing of theirs sleeps: what lets money go on takes this, what stops it does not. */
export const isAwakePerson = (actor: Actor): boolean => actor.type === 'user' && (actor.sleeping ?? []).length === 0;

export const permissionsOf = (actor: Actor): readonly Permission[] => {
  switch (actor.type) {
    case 'user':
    case 'support_impersonator':
      return actor.permissions;
    case 'api_key':
    case 'agent':
      return actor.scopes.filter((scope) => KEY_SCOPES.includes(scope));
    case 'email_link':
    case 'operator':
    case 'system':
      return [];
  }
};

/** Who did something, as it is kept with what was done: the person who answers for it, and the API key if one was used. */
export interface DoneBy {
  /** Null for an operator and for the system. */
  personId: string | null;
  apiKeyId: string | null;
}

export const doneBy = (actor: Actor): DoneBy => ({ personId: personBehind(actor), apiKeyId: actor.type === 'api_key' ? actor.keyId : null });

/** The person of the workspace who answers for what an actor does; null for an operator and for the system. So the owner of an API key or an agent becomes the preparer (R9). */
export const personBehind = (actor: Actor): string | null => {
  switch (actor.type) {
    case 'user':
    case 'support_impersonator':
    case 'email_link':
      return actor.personId;
    case 'api_key':
    case 'agent':
      return actor.ownerPersonId;
    case 'operator':
    case 'system':
      return null;
  }
};
