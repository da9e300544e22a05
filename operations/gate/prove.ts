import { sameBytes } from '../../domain/hashing.js';
import type { Assertion } from '../../domain/passkey.js';
import { ok, type Refusal, type Result } from '../../domain/result.js';
import { decides, decidesFrom, type FactorKind, restingRefusal } from '../../domain/second-factor.js';
import type { Context } from '../context.js';
import { decidingCodes, decidingFactors, matchDecidingCode, NO_CODES, spendStep } from '../factor/match-code.js';
import { matchPasskey, ownPasskey, spendPasskey } from '../passkey/match.js';
import type { WireAssertion } from '../passkey/ports.js';
import type { Stores } from '../ports.js';
import type { FactorRow } from '../stores/factors.js';

/** What somebody opens a gate with: a code of an authenticator, or a passkey's answer. The contract lets exactly one of them through. */
export interface GateProof {
  code?: string | undefined;
  passkey?: WireAssertion | undefined;
}

/** A factor that may open a gate, and what a gate keeps of its use. */
export interface ProvenFactor {
  factorId: string;
  kind: FactorKind;
  /** Of a code. */
  timeStep: number | null;
  /** Of a passkey. */
  assertion: Assertion | null;
  /** Uses it up. Refuses when another use was first. A gate does that last, when everything else allows it (ADR 0021). */
  spend(): Promise<Refusal | null>;
}

/** The passkeys of a person that decide here. Refuses when there is none and no code would decide either, so that nobody types one in vain. */
export const decidingPasskeys = async (ctx: Context, stores: Stores, personId: string): Promise<Result<FactorRow[]>> => {
  const factors = await stores.factors.lock(personId, 'session');
  const { relyingParty } = ctx.services.passkeys;
  const passkeys = relyingParty ? (factors?.all ?? []).filter((factor) => ownPasskey(ctx, factor)?.rpId === relyingParty.id) : [];
  const deciding = passkeys.filter((factor) => decides(factor, stores.now));
  if (deciding.length > 0) return ok(deciding);
  const codes = decidingCodes(factors, stores.now);
  if (!codes.ok) return codes;
  if (codes.value.all.some(({ kind }) => kind === 'totp')) return ok([]);
  const from = decidesFrom(passkeys);
  return from ? { ok: false, refusal: restingRefusal(from) } : NO_CODES;
};

/**
 * The factor that opens a gate. Of a passkey, what it signed is the SHA-256 of the challenge's canonical form: person, gate and content. Refuses like
 * `decidingFactors` and `matchDecidingCode`, or like `matchPasskey` and with `factor_resting`. A lock after wrong codes does not hold for passkeys.
 */
export const proveToOpen = (
  ctx: Context,
  stores: Stores,
  personId: string,
  proof: GateProof,
  challenge: Uint8Array,
): Promise<Result<ProvenFactor>> =>
  proof.passkey ? byPasskey(ctx, stores, personId, proof.passkey, challenge) : byCode(ctx, stores, personId, proof.code ?? '');

const byCode = async (ctx: Context, stores: Stores, personId: string, code: string): Promise<Result<ProvenFactor>> => {
  const factors = await decidingFactors(stores, personId);
  if (!factors.ok) return factors;
  const matched = await matchDecidingCode(ctx, stores, factors.value, code);
  if (!matched.ok) return matched;
  const { factor, step } = matched.value;
  const spend = () => spendStep(stores, factors.value, matched.value);
  return ok({ factorId: factor.id, kind: factor.kind, timeStep: step, assertion: null, spend });
};

const byPasskey = async (
  ctx: Context,
  stores: Stores,
  personId: string,
  answered: WireAssertion,
  challenge: Uint8Array,
): Promise<Result<ProvenFactor>> => {
  const factors = await stores.factors.lock(personId, 'session');
  const matched = await matchPasskey(ctx, stores, factors, answered, (given) => sameBytes(given, challenge));
  if (!matched.ok) return matched;
  const { factor, assertion } = matched.value;
  if (!decides(factor, stores.now)) return { ok: false, refusal: restingRefusal(factor.gatesFrom ?? stores.now) };
  return ok({ factorId: factor.id, kind: factor.kind, timeStep: null, assertion, spend: () => spendPasskey(stores, matched.value) });
};
