import type { z } from 'zod';
import type { createPasskeySession as contract, passkeyRequest } from '../../contracts/passkeys.js';
import { sameBytes } from '../../domain/hashing.js';
import { toWireId } from '../../domain/ids.js';
import { CHALLENGE_BYTES, PASSKEYS_UNAVAILABLE } from '../../domain/passkey.js';
import { ok, type Refusal, type Result, refuse } from '../../domain/result.js';
import { type PublicContext, refusedAndAudited } from '../context.js';
import type { Stores } from '../ports.js';
import { homeOf, type Origin, openSession, UNKNOWN_CALLER, workspaceRefusal } from '../session/create.js';
import type { WireSession } from '../session/view.js';
import type { OwnWorkspace } from '../stores/credential-directory.js';
import { type MatchedPasskey, matchPasskey, spendPasskey, WRONG } from './match.js';
import { fromBase64url, requestOptions, userHandleOf } from './options.js';

/** Begins to sign somebody in with a passkey, whoever it is: the answer depends on no account. Refuses with `passkeys_unavailable`. */
export const askPasskeySession = async ({ passkeys, services }: PublicContext): Promise<Result<z.infer<typeof passkeyRequest>>> => {
  const { relyingParty } = services.passkeys;
  if (!relyingParty) return { ok: false, refusal: PASSKEYS_UNAVAILABLE };
  const id = services.entropy.newId();
  const challenge = services.entropy.bytes(CHALLENGE_BYTES);
  const expiresAt = await passkeys.ask({ id, challengeHash: services.sha256(challenge) });
  return ok({
    object: 'passkey_request',
    id: toWireId('passkeyRequest', id),
    options: requestOptions(relyingParty, challenge),
    expires_at: expiresAt.toISOString(),
  });
};

/** Somebody whose credential the answer names. Whether they have it is not known yet. */
interface Answering {
  personId: string;
  /** Of the request, which is used up; null when there was none. */
  challengeHash: Uint8Array | null;
  /** The workspace to work in, else the person's first. */
  at: OwnWorkspace;
  /** Whether `at` is the one that was asked for. */
  isMember: boolean;
  answered: z.output<typeof contract>['credential'];
  origin: Origin;
}

/**
 * Signs a person in with a passkey alone: it is something that they have, and it has verified that it is they. The request is used up whatever follows.
 * The session counts as opened with a second factor, lasts as long as any, and is bound to one workspace (`createSession`).
 *
 * A spent, expired or invented request, an unknown or removed passkey, a wrong signature, a counter that went back and a disabled person all get the same
 * `invalid_credentials`; the logs of the person's workspaces have the reason. Only who has proved themselves gets `forbidden` for a workspace of others, or
 * `workspace_frozen`. Anybody may get `passkeys_unavailable`.
 */
export const createPasskeySession = async (
  publicContext: PublicContext,
  input: z.output<typeof contract>,
  origin: Origin = { device: null, network: null },
): Promise<Result<WireSession>> => {
  const { directory, passkeys, personEvents, services, requestId } = publicContext;
  if (!services.passkeys.relyingParty) return { ok: false, refusal: PASSKEYS_UNAVAILABLE };
  const challengeHash = await passkeys.use(input.request_id);
  const found = await passkeys.find(fromBase64url(input.credential.id));
  const personId = found?.personId ?? services.entropy.newId();
  const workspaces = await directory.workspacesOf(personId);
  const home = homeOf(workspaces);
  if (!found || found.disabled || !home) {
    const result = found ? 'forbidden' : 'invalid_credentials';
    await personEvents.add({ personId, actor: UNKNOWN_CALLER, requestId, action: 'session.create', result, detail: {} });
    return invalid();
  }
  const asked = input.workspace_id === undefined ? home : workspaces.find(({ tenantId }) => tenantId === input.workspace_id);
  const opened = await proveAndOpen(publicContext, {
    ...{ personId, challengeHash, at: asked ?? home, isMember: asked !== undefined },
    ...{ answered: input.credential, origin },
  });
  return opened.ok ? opened : { ok: false, refusal: outwardly(opened.refusal) };
};

const proveAndOpen = (publicContext: PublicContext, { personId, challengeHash, at, isMember, answered, origin }: Answering) => {
  const sessionId = publicContext.services.entropy.newId();
  const actor = { type: 'user', personId, sessionId, roles: at.roles, permissions: at.permissions } as const;
  const ctx = publicContext.enter(at.tenantId, at.mode, actor);
  const { sha256 } = publicContext.services;
  return ctx.inTenant(async (stores): Promise<Result<WireSession>> => {
    const factors = await stores.factors.lock(personId, 'sign_in');
    const isChallenge = (challenge: Uint8Array) => challengeHash !== null && sameBytes(sha256(challenge), challengeHash);
    const matched = answered.response.userHandle === userHandleOf(personId) ? await matchPasskey(ctx, stores, factors, answered, isChallenge) : WRONG;
    const refusal = matched.ok ? await lastRefusal(stores, matched.value, at, isMember) : matched.refusal;
    if (matched.ok && !refusal) {
      const { id, kind } = matched.value.factor;
      return ok(await openSession(ctx, stores, actor, { ...origin, withFactor: true }, { factor_id: toWireId('factor', id), factor_kind: kind }));
    }
    const entry = { action: 'session.create', detail: {} };
    const refused = refusal ?? WRONG.refusal;
    await stores.personEvents.add({ ...entry, personId, result: refused.code });
    return refusedAndAudited(stores, { ...entry, subject: { type: 'person', id: personId } }, refused);
  });
};

const lastRefusal = async (stores: Stores, matched: MatchedPasskey, at: OwnWorkspace, isMember: boolean): Promise<Refusal | null> =>
  (await spendPasskey(stores, matched)) ?? workspaceRefusal(at, isMember);

/** What the caller gets: whatever is wrong with an answer is one refusal. The audit log has the real reason. */
const outwardly = (refusal: Refusal): Refusal =>
  refusal.code === 'passkey_wrong' || refusal.code === 'passkey_copied' ? invalid().refusal : refusal;

const invalid = () =>
  refuse(
    'invalid_credentials',
    'This passkey does not sign in here, or the request was answered already or is too old. Begin anew, or give password and code.',
  );
