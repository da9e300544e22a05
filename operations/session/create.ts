import type { z } from 'zod';
import type { createSession as contract } from '../../contracts/access.js';
import type { Actor } from '../../domain/actors.js';
import { CLOSED_DETAIL } from '../../domain/freeze.js';
import { awakeIn } from '../../domain/permissions.js';
import { ok, type Refusal, type Result, refuse } from '../../domain/result.js';
import type { FactorKind } from '../../domain/second-factor.js';
import { type Context, type PublicContext, refusedAndAudited } from '../context.js';
import { proveByAnyCode } from '../factor/prove.js';
import { NOT_AUTHENTIC } from '../membership/check.js';
import type { Stores } from '../ports.js';
import type { OwnWorkspace } from '../stores/credential-directory.js';
import type { StoredPassword } from '../stores/passwords.js';
import { toWireSession, type WireSession } from './view.js';

const SESSION_MS = 12 * 60 * 60_000;

/** Until the proof is right, it is not known who asks. The API is the actor of the failure, and the person its subject. */
export const UNKNOWN_CALLER: Actor = { type: 'system', process: 'api' };

/** What a session says of where it was opened. */
export interface Origin {
  device: string | null;
  network: string | null;
}

/** Somebody whose password was right. */
interface Proving {
  personId: string;
  password: StoredPassword;
  /** The workspace to work in, else the person's first. */
  at: OwnWorkspace;
  /** Whether `at` is the one that was asked for. */
  isMember: boolean;
  /** Of a second factor, or a recovery code; undefined where it was left out. */
  code: string | undefined;
  origin: Origin;
}

/**
 * Signs a person in with e-mail, password and a TOTP code (RFC 6238) or a recovery code, which is used up. Somebody who has no second factor
 * leaves the code out, and what needs one sleeps in the session (domain/permissions.ts). The session lasts 12 hours and is bound to one
 * workspace: the one that the input names, or else a test workspace if the person has one. The token is in this answer only. A hash that
 * costs less than one of today is replaced by the way.
 *
 * An unknown e-mail, a wrong password, a disabled person and one without workspace run the same statements and one verification, and get
 * the same `invalid_credentials` as a wrong code, and as one that was left out by somebody who has a factor; the logs of the person's
 * workspaces hear of it afterwards (ADR 0070). Only a caller with the right password gets `otp_step_used` or `factor_locked`, and only one
 * with the right code too gets `forbidden` for a workspace of others, `workspace_frozen` or `membership_not_authentic`. Anybody may get `passwords_busy`.
 */
export const createSession = async (
  publicContext: PublicContext,
  input: z.output<typeof contract>,
  origin: Origin = { device: null, network: null },
): Promise<Result<WireSession>> => {
  const { directory, personEvents, services, requestId } = publicContext;
  const person = await directory.person(input.email.toLowerCase());
  const personId = person?.id ?? services.entropy.newId();
  const workspaces = await directory.workspacesOf(personId);
  const checked = await services.credentials.checkPassword(person?.password.hash ?? null, input.password, personId);
  if (!checked.ok) return checked;
  const home = homeOf(workspaces);
  if (!person || !checked.value || person.disabled || !home) {
    const result = checked.value ? 'forbidden' : 'invalid_credentials';
    await personEvents.add({ personId, actor: UNKNOWN_CALLER, requestId, action: 'session.create', result, detail: {} });
    return invalid();
  }
  const asked = input.workspace_id === undefined ? home : workspaces.find(({ tenantId }) => tenantId === input.workspace_id);
  const proving = { personId, password: person.password, at: asked ?? home, isMember: asked !== undefined, code: input.code, origin };
  const { ctx, opened } = await proveAndOpen(publicContext, proving);
  if (opened.ok) await strengthen(ctx, proving, input.password);
  return opened;
};

/** Where somebody signs in who names no workspace: another one of theirs, while one is frozen or its membership is not authentic. */
export const homeOf = (workspaces: readonly OwnWorkspace[]): OwnWorkspace | undefined =>
  workspaces.find(({ closed, authentic }) => !closed && authentic) ?? workspaces[0];

const proveAndOpen = async (
  publicContext: PublicContext,
  { personId, password, at, isMember, code, origin }: Proving,
): Promise<{ ctx: Context; opened: Result<WireSession> }> => {
  const sessionId = publicContext.services.entropy.newId();
  const actor = { type: 'user', personId, sessionId, roles: at.roles, permissions: at.permissions } as const;
  const ctx = publicContext.enter(at.tenantId, at.mode, actor);
  const opened = await ctx.inTenant(async (stores): Promise<Result<WireSession>> => {
    // Checked after the code, so that a caller without the second factor learns nothing about workspaces.
    const refusal = (await proofRefusal(ctx, stores, { personId, password, code })) ?? workspaceRefusal(at, isMember);
    if (!refusal) return ok(await openSession(ctx, stores, actor, { ...origin, withFactor: code !== undefined }));
    const entry = { action: 'session.create', detail: {} };
    await stores.personEvents.add({ ...entry, personId, result: refusal.code });
    return refusedAndAudited(stores, { ...entry, subject: { type: 'person', id: personId } }, refusal);
  });
  return { ctx, opened: opened.ok ? opened : { ok: false, refusal: outwardly(opened.refusal) } };
};

/**
 * Checks the code and uses it up (I7), or that there is no factor where it was left out; and that the password that was right is still the
 * person's. Null when all of it holds until the transaction ends.
 */
const proofRefusal = async (ctx: Context, stores: Stores, { personId, password, code }: Pick<Proving, 'personId' | 'password' | 'code'>) => {
  // Without a code: after whoever confirms the first factor at this moment.
  if (code === undefined) await stores.factors.lockEnrolment(personId);
  const factors = await stores.factors.lock(personId, 'sign_in');
  if (!(await stores.passwords.hold(personId, password.version))) return invalid().refusal;
  if (code === undefined) return factors ? invalid().refusal : null;
  return proveByAnyCode(ctx, stores, factors, code);
};

/** Opens a session of somebody who has proved who they are, in the workspace of the transaction. `detail` goes into its event. */
export const openSession = async (
  ctx: Context,
  stores: Stores,
  actor: Actor & { type: 'user' },
  opened: Origin & { withFactor: boolean },
  detail: { factor_id?: string; factor_kind?: FactorKind } = {},
): Promise<WireSession> => {
  const expiresAt = new Date(stores.now.getTime() + SESSION_MS);
  const { token, hash } = ctx.services.credentials.newToken('session', ctx.mode);
  await stores.sessions.insert({ id: actor.sessionId, tokenHash: hash, personId: actor.personId, expiresAt, ...opened });
  const session = await toWireSession(stores, { ...actor, expiresAt, ...awakeIn(opened, actor.permissions) });
  await stores.audit.append({
    subject: { type: 'session', id: actor.sessionId },
    action: 'session.create',
    result: 'ok',
    detail: { expires_at: session.expires_at, ...(opened.withFactor ? {} : { with_factor: false }), ...detail },
  });
  return { ...session, token };
};

/**
 * Hashes the password at today's cost when its hash costs less. It is at hand only now, and only of somebody who has signed in. Where too many
 * passwords wait, the next sign-in does it.
 */
const strengthen = async (ctx: Context, { personId, password }: Proving, typed: string): Promise<void> => {
  const { credentials } = ctx.services;
  if (!credentials.isWeakHash(password.hash)) return;
  const made = await credentials.newPasswordHash(typed, personId);
  if (made.ok) await ctx.inTenant((stores) => stores.passwords.rehash(personId, password.hash, made.value));
};

/** Why nobody opens a session there; null when they may. */
export const workspaceRefusal = ({ closed, authentic }: OwnWorkspace, isMember: boolean): Refusal | null => {
  if (!isMember) return NO_MEMBER;
  if (!authentic) return NOT_AUTHENTIC;
  return closed ? refuse('workspace_frozen', CLOSED_DETAIL).refusal : null;
};

const NO_MEMBER = refuse('forbidden', 'You are not a member of that workspace; leave workspace_id out to sign in to your own.').refusal;

/** What the caller gets: a wrong code and a missing factor look like a wrong password. The audit log has the real reason. */
const outwardly = (refusal: Refusal): Refusal => (refusal.code === 'code_wrong' || refusal.code === 'factor_missing' ? invalid().refusal : refusal);

const invalid = () => refuse('invalid_credentials', 'E-mail, password or code is wrong.');
