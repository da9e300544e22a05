/** Everything that somebody can be allowed to do, each with what it lets them do. Names are wire format: a name never changes its meaning. */
export const PERMISSION_MEANINGS = {
  'batches.read': 'see batches, their items and their progress',
  'batches.create': 'make batches',
  'batches.edit': 'edit and submit batches that nobody has approved',
  'batches.reject': 'reject batches',
  'batches.cancel': 'cancel batches',
  'batches.pause': 'pause and resume batches that execute; API keys pause alone',
  'gates.approve': 'open the gate `approve`, with a second factor',
  'gates.authorize': 'open the gate `authorize`, with a second factor',
  'gates.execute': 'open the gate `execute`, with a second factor',
  'payees.read': 'see payees and their masked destinations',
  'payees.write': 'make and correct payees and destinations',
  'ledger.read': 'see accounts and transfers',
  'ledger.top_up': 'put sandbox money into accounts of a test workspace',
  'ledger.accounts': 'make funding accounts',
  'audit.read': 'see, export and verify the audit log',
  'exceptions.read': 'see exceptions',
  'exceptions.handle': 'assign exceptions and comment on them',
  'exceptions.propose': 'propose how doubt ends',
  'exceptions.confirm': 'confirm such a proposal as the second person, with a second factor',
  'evidence.handle': 'handle deliveries that could not be read, and parked evidence',
  'payees.hold': 'hold payees and let them go; API keys hold alone',
  'payees.reveal': 'see names and account numbers of payees in clear, in the evidence of a batch',
  'people.read': 'see who works in the workspace, with which roles',
  'people.manage': 'disable and enable members, and invite people to roles that one may give',
  'roles.manage': 'give and take roles, and define roles of the workspace',
  'keys.manage': 'make and rotate API keys, with a second factor, and revoke them',
  'workspace.stop': 'stop all money of the workspace, with a second factor, and lift such a stop as one of two people',
  'sessions.own': 'see and end one’s own session',
  'workspace.own': 'own the workspace: an owner is made and unmade by owners alone, and one stays',
} as const;

/** What operators of the platform may do. No role, key or scope of a workspace holds any of it, and an operator holds nothing of a workspace. */
export const OPERATOR_PERMISSION_MEANINGS = {
  'tenants.read': 'see workspaces and their freezes',
  'tenants.create': 'make an organization with its live and its test workspace, and invite its first owner',
  'tenants.set_plan': 'change the plan of an organization',
  'tenants.freeze': 'ask for a freeze or a thaw of a workspace or an organization, and confirm what another operator asked for',
} as const;

export type OperatorPermission = keyof typeof OPERATOR_PERMISSION_MEANINGS;

/** Every operator holds all of these. */
export const OPERATOR_PERMISSIONS = Object.keys(OPERATOR_PERMISSION_MEANINGS) as OperatorPermission[];

export const isOperatorPermission = (name: string): name is OperatorPermission => Object.hasOwn(OPERATOR_PERMISSION_MEANINGS, name);

export type Permission = keyof typeof PERMISSION_MEANINGS;

/**
 * Which of them sleep in a session that was opened without a second factor, as only somebody who has none opens it: what needs a code itself,
 * and whatever changes people, roles or keys, or shows account numbers. A password alone does not get
 * that far; whoever enrols a first factor with it does, for all but gates and what a second person confirms (ADR 0071).
 */
export const SLEEPS_WITHOUT_FACTOR: Readonly<Record<Permission, boolean>> = {
  'batches.read': false,
  'batches.create': false,
  'batches.edit': false,
  'batches.reject': false,
  'batches.cancel': false,
  'batches.pause': false,
  'gates.approve': true,
  'gates.authorize': true,
  'gates.execute': true,
  'payees.read': false,
  'payees.write': false,
  'ledger.read': false,
  'ledger.top_up': false,
  'ledger.accounts': false,
  'audit.read': false,
  'exceptions.read': false,
  'exceptions.handle': false,
  'exceptions.propose': false,
  'exceptions.confirm': true,
  'evidence.handle': false,
  'payees.hold': false,
  'payees.reveal': true,
  'people.read': false,
  'people.manage': true,
  'roles.manage': true,
  'keys.manage': true,
  'workspace.stop': true,
  'sessions.own': false,
  'workspace.own': true,
};

/** What somebody may do in a session, and what of theirs sleeps in it. */
export const awakeIn = (session: { withFactor: boolean }, held: readonly Permission[]): { permissions: Permission[]; sleeping: Permission[] } => ({
  permissions: held.filter((one) => session.withFactor || !SLEEPS_WITHOUT_FACTOR[one]),
  sleeping: held.filter((one) => !session.withFactor && SLEEPS_WITHOUT_FACTOR[one]),
});

export const PERMISSIONS = Object.keys(PERMISSION_MEANINGS) as Permission[];

const LOOK = ['batches.read', 'payees.read', 'ledger.read', 'sessions.own'] as const;
const READ = [...LOOK, 'audit.read', 'exceptions.read', 'people.read'] as const;
/** Takes care of exceptions, and proposes how one ends. */
const CARE = ['exceptions.handle', 'exceptions.propose', 'evidence.handle', 'payees.hold'] as const;

/**
 * What each role may do that every workspace has. A member has one or more of them, and of the roles that the workspace defines. Whoever
 * holds several gate permissions still opens only one gate of a batch (R9).
 */
export const ROLES = {
  owner: PERMISSIONS,
  admin: PERMISSIONS.filter((one) => one !== 'workspace.own'),
  preparer: [
    ...READ,
    ...(['batches.create', 'batches.edit', 'batches.cancel', 'payees.write', 'ledger.top_up', 'ledger.accounts'] as const),
    ...(['exceptions.handle', 'keys.manage'] as const),
  ],
  approver: [...READ, ...CARE, 'exceptions.confirm', 'gates.approve', 'batches.reject', 'batches.pause'],
  authorizer: [...READ, ...CARE, 'exceptions.confirm', 'gates.authorize', 'batches.reject', 'batches.pause'],
  executor: [...READ, ...CARE, 'gates.execute', 'batches.cancel', 'batches.pause'],
  auditor: [...READ, 'payees.reveal'],
  billing: ['ledger.read', 'sessions.own'],
  member: [...LOOK, 'exceptions.read', 'exceptions.handle', 'people.read'],
  viewer: [...LOOK],
} as const satisfies Record<string, readonly Permission[]>;

/** A role that every workspace has. */
export type Role = keyof typeof ROLES;

export const ROLE_NAMES = Object.keys(ROLES) as [Role, ...Role[]];

export const isRole = (name: string): name is Role => Object.hasOwn(ROLES, name);

/** What each role is for, in a sentence without its subject. */
export const ROLE_MEANINGS: Readonly<Record<Role, string>> = {
  owner: 'owns the workspace: may do everything, and alone makes other owners',
  admin: 'runs the workspace: may do everything but make an owner',
  preparer: 'prepares batches and payees, and makes API keys for programs that do',
  approver: 'opens the first gate, and confirms how doubt ends',
  authorizer: 'opens the second gate, which sets the money aside, and confirms how doubt ends',
  executor: 'opens the third gate, after which the batch pays',
  auditor: 'reads everything, and changes nothing',
  billing: 'reads the ledger',
  member: 'reads batches and payees, and takes care of exceptions',
  viewer: 'reads batches, payees and the ledger',
};

/** The union of what these roles allow, in the order of the table. `defined` are the roles of the workspace; an unknown name allows nothing. */
export const permissionsOfRoles = (roles: readonly string[], defined: ReadonlyMap<string, readonly Permission[]> = new Map()): Permission[] => {
  const held = new Set<Permission>(roles.flatMap((role): readonly Permission[] => (isRole(role) ? ROLES[role] : (defined.get(role) ?? []))));
  return PERMISSIONS.filter((one) => held.has(one));
};

/** Which of these permissions somebody lacks who holds `held`. */
export const beyond = (held: readonly Permission[], wanted: readonly Permission[]): Permission[] => wanted.filter((one) => !held.includes(one));

/** Who may do it, in words: `an approver, an authorizer or an admin`. An owner may do all that an admin may, and is named where no admin may. */
export const holdersOf = (permission: Permission): string => {
  const holders = ROLE_NAMES.filter((role) => (ROLES[role] as readonly Permission[]).includes(permission));
  const named = holders.includes('admin') ? [...holders.filter((role) => role !== 'owner' && role !== 'admin'), 'admin'] : holders;
  const words = named.map((name) => `${/^[aeiou]/.test(name) ? 'an' : 'a'} ${name}`);
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
};

/**
 * Scopes that no API key and no agent may hold, because only people open a gate, end doubt, see account numbers, and decide who may do what.
 */
const PEOPLE_ONLY: readonly Permission[] = [
  'gates.approve',
  'gates.authorize',
  'gates.execute',
  'exceptions.propose',
  'exceptions.confirm',
  'payees.reveal',
  'people.manage',
  'roles.manage',
  'keys.manage',
  'workspace.stop',
  'sessions.own',
  'workspace.own',
];

export const KEY_SCOPES = PERMISSIONS.filter((permission) => !PEOPLE_ONLY.includes(permission));
