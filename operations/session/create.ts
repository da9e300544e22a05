import type { z } from 'zod';
import type { createSession as contract } from '../../contracts/access.js';
import type { Actor } from '../../domain/actors.js';
import type { AuditEntry } from '../../domain/audit/event.js';
import type { Permission } from '../../domain/permissions.js';
import type { ProblemCode } from '../../domain/problems.js';
import { ok, type Refusal, type Result, refuse } from '../../domain/result.js';
import { type Context, type PublicContext, refusedAndAudited } from '../context.js';
import { matchCode, spentCode, usableFactor } from '../factor/match-code.js';
import type { Stores } from '../ports.js';
import { toWireSession, type WireSession } from './view.js';

const SESSION_MS = 12 * 60 * 60_000;

/** Until the password is right, it is not known who asks. The API is the actor of the failure, and the person its subject. */
const UNKNOWN_CALLER: Actor = { type: 'system', process: 'api' };

interface Workspace {
  tenantId: string;
  mode: 'live' | 'test';
  roles: readonly string[];
  permissions: readonly Permission[];
}

/** What a session says of where it was opened. */
interface Origin {
  device: string | null;
  network: string | null;
}

interface Attempt {
  personId: string;
  /** Workspaces of the person. A failure is audited in each of them, so that the people of each can see it. */
  workspaces: readonly Workspace[];
}

/**
 * Signs a person in with e-mail, password and a TOTP code (RFC 6238); the code's time step is consumed. The session lasts 12 hours
 * and is bound to one workspace: the one that the input names, or else a test workspace if the person has one. The token is in
 * this answer only.
 *
 * An unknown e-mail takes as long as a known one and gets the same `invalid_credentials` as a wrong password or code. Only a caller
 * with the right password gets `otp_step_used` or `factor_locked`, and only one with the right code too gets `forbidden` for a
 * workspace of others.
 */
export const createSession = async (
  publicContext: PublicContext,
  input: z.output<typeof contract>,
  origin: Origin = { device: null, network: null },
): Promise<Result<WireSession>> => {
  const { directory, services } = publicContext;
  const person = await directory.person(input.email.toLowerCase());
  const workspaces = await directory.workspacesOf(person?.id ?? services.entropy.newId());
  if (!person) {
    await services.credentials.verifyNothing(input.password);
    return invalid();
  }
  const attempt: Attempt = { personId: person.id, workspaces };
  const known = await services.credentials.verifyPassword(person.passwordHash, input.password);
  const home = workspaces[0];
  if (!known || person.disabled || !home) {
    await auditFailure(publicContext, attempt, UNKNOWN_CALLER, known ? 'forbidden' : 'invalid_credentials');
    return invalid();
  }
  const asked = input.workspace_id === undefined ? home : workspaces.find(({ tenantId }) => tenantId === input.workspace_id);
  return proveAndOpen(publicContext, attempt, { at: asked ?? home, isMember: asked !== undefined, code: input.code, origin });
};

const proveAndOpen = async (
  publicContext: PublicContext,
  attempt: Attempt,
  { at, isMember, code, origin }: { at: Workspace; isMember: boolean; code: string; origin: Origin },
): Promise<Result<WireSession>> => {
  const actor = {
    type: 'user',
    personId: attempt.personId,
    sessionId: publicContext.services.entropy.newId(),
    roles: at.roles,
    permissions: at.permissions,
  } as const;
  const ctx = publicContext.enter(at.tenantId, at.mode, actor);
  const opened = await ctx.inTenant(async (stores): Promise<Result<WireSession>> => {
    const refusal = await codeRefusal(ctx, stores, actor.personId, code);
    if (refusal) return refusedAndAudited(stores, failureOf(actor.personId), refusal);
    // Checked after the code, so that a caller without the second factor learns nothing about workspaces.
    if (!isMember) return refusedAndAudited(stores, failureOf(actor.personId), NO_MEMBER);
    return ok(await open(ctx, stores, actor, origin));
  });
  if (opened.ok) return opened;
  const elsewhere = attempt.workspaces.filter(({ tenantId }) => tenantId !== at.tenantId);
  await auditFailure(publicContext, { ...attempt, workspaces: elsewhere }, actor, opened.refusal.code);
  return { ok: false, refusal: outwardly(opened.refusal) };
};

/** Checks the code and consumes its time step (I7). Null when the code was right and its step unused. */
const codeRefusal = async (ctx: Context, stores: Stores, personId: string, code: string): Promise<Refusal | null> => {
  const factor = await usableFactor(stores, personId);
  if (!factor.ok) return factor.refusal;
  const step = await matchCode(ctx, stores, factor.value, code);
  if (!step.ok) return step.refusal;
  return (await stores.factors.consumeStep(factor.value.id, step.value)) ? null : spentCode(stores.now, step.value);
};

const open = async (ctx: Context, stores: Stores, actor: Actor & { type: 'user' }, origin: Origin): Promise<WireSession> => {
  const expiresAt = new Date(stores.now.getTime() + SESSION_MS);
  const { token, hash } = ctx.services.credentials.newToken('session', ctx.mode);
  await stores.sessions.insert({ id: actor.sessionId, tokenHash: hash, personId: actor.personId, expiresAt, ...origin });
  const session = await toWireSession(stores, { ...actor, expiresAt });
  await stores.audit.append({
    subject: { type: 'session', id: actor.sessionId },
    action: 'session.create',
    result: 'ok',
    detail: { expires_at: session.expires_at },
  });
  return { ...session, token };
};

const auditFailure = async (publicContext: PublicContext, { personId, workspaces }: Attempt, actor: Actor, result: ProblemCode): Promise<void> => {
  for (const { tenantId, mode } of workspaces)
    await publicContext.enter(tenantId, mode, actor).inTenant((stores) => stores.audit.append({ ...failureOf(personId), result }));
};

const failureOf = (personId: string): Omit<AuditEntry, 'result'> => ({
  subject: { type: 'person', id: personId },
  action: 'session.create',
  detail: {},
});

const NO_MEMBER = refuse('forbidden', 'You are not a member of that workspace; leave workspace_id out to sign in to your own.').refusal;

/** What the caller gets: a wrong code and a missing factor look like a wrong password. The audit log has the real reason. */
const outwardly = (refusal: Refusal): Refusal => (refusal.code === 'code_wrong' || refusal.code === 'factor_missing' ? invalid().refusal : refusal);

const invalid = () => refuse('invalid_credentials', 'E-mail, password or code is wrong.');
