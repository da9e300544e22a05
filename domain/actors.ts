/** Who does something. Every audit event names its actor. `familyId` is that of a key that took another's place: the first of its row. */
export type Actor =
  | { type: 'user'; personId: string; sessionId: string; role: Role }
  | { type: 'api_key'; keyId: string; familyId?: string; ownerPersonId: string; scopes: readonly Permission[] }
  | { type: 'agent'; agentId: string; ownerPersonId: string; scopes: readonly Permission[] }
  | { type: 'support_impersonator'; operatorId: string; personId: string; role: Role }
  | { type: 'system'; process: 'worker' | 'relay' | 'sequencer' | 'api' | 'setup' };

export const PERMISSIONS = [
  'batches.read',
  'batches.create',
  'batches.edit',
  'batches.reject',
  'batches.cancel',
  'batches.pause',
  'gates.approve',
  'gates.authorize',
  'gates.execute',
  'payees.read',
  'payees.write',
  'ledger.read',
  'ledger.top_up',
  'ledger.accounts',
  'audit.read',
  'exceptions.read',
  'exceptions.handle',
  'exceptions.propose',
  'exceptions.confirm',
  'evidence.handle',
  'payees.hold',
  'keys.manage',
  'sessions.own',
] as const;

export type Permission = (typeof PERMISSIONS)[number];

const READ = ['batches.read', 'payees.read', 'ledger.read', 'audit.read', 'exceptions.read', 'sessions.own'] as const;
/** Takes care of exceptions, and proposes how one ends. */
const CARE = ['exceptions.handle', 'exceptions.propose', 'evidence.handle', 'payees.hold'] as const;

/** What each role may do. An admin holds all gate permissions, but opens only one gate of a batch. */
export const ROLES = {
  preparer: [
    ...READ,
    ...(['batches.create', 'batches.edit', 'batches.cancel', 'payees.write', 'ledger.top_up', 'ledger.accounts'] as const),
    ...(['exceptions.handle', 'keys.manage'] as const),
  ],
  approver: [...READ, ...CARE, 'exceptions.confirm', 'gates.approve', 'batches.reject', 'batches.pause'],
  authorizer: [...READ, ...CARE, 'exceptions.confirm', 'gates.authorize', 'batches.reject', 'batches.pause'],
  executor: [...READ, ...CARE, 'gates.execute', 'batches.cancel', 'batches.pause'],
  auditor: [...READ],
  admin: PERMISSIONS,
} as const satisfies Record<string, readonly Permission[]>;

export type Role = keyof typeof ROLES;

/** Who may do it, in words: `an approver, an authorizer or an admin`. */
export const holdersOf = (permission: Permission): string => {
  const names = (Object.keys(ROLES) as Role[]).filter((role) => (ROLES[role] as readonly Permission[]).includes(permission));
  const words = names.map((name) => `${/^[aeiou]/.test(name) ? 'an' : 'a'} ${name}`);
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
};

/** Scopes that no API key and no agent may hold, because only people open a gate and end doubt. */
const PEOPLE_ONLY: readonly Permission[] = [
  'gates.approve',
  'gates.authorize',
  'gates.execute',
  'exceptions.propose',
  'exceptions.confirm',
  'keys.manage',
  'sessions.own',
];

export const KEY_SCOPES = PERMISSIONS.filter((permission) => !PEOPLE_ONLY.includes(permission));

export const permissionsOf = (actor: Actor): readonly Permission[] => {
  switch (actor.type) {
    case 'user':
    case 'support_impersonator':
      return ROLES[actor.role];
    case 'api_key':
    case 'agent':
      return actor.scopes.filter((scope) => KEY_SCOPES.includes(scope));
    case 'system':
      return [];
  }
};

/** Who did something, as it is kept with what was done: the person who answers for it, and the API key if one was used. */
export interface DoneBy {
  /** Null for the system. */
  personId: string | null;
  apiKeyId: string | null;
}

export const doneBy = (actor: Actor): DoneBy => ({ personId: personBehind(actor), apiKeyId: actor.type === 'api_key' ? actor.keyId : null });

/** The person who answers for what an actor does; null for the system. So the owner of an API key or an agent becomes the preparer (R9). */
export const personBehind = (actor: Actor): string | null => {
  switch (actor.type) {
    case 'user':
    case 'support_impersonator':
      return actor.personId;
    case 'api_key':
    case 'agent':
      return actor.ownerPersonId;
    case 'system':
      return null;
  }
};
