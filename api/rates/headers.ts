import type { Response } from 'express';
import { policyOf, type RateClass, type RateLimit, type RateSubject } from '../../domain/rates.js';
import type { Standing } from './leases.js';

/** One limit that a request was counted by. */
export interface LimitStanding {
  rateClass: RateClass;
  subject: RateSubject;
  limit: RateLimit;
  standing: Standing;
}

/** In whole seconds, and never before the end. */
export const secondsOf = ({ endsInMs }: Standing): number => Math.max(1, Math.ceil(endsInMs / 1_000));

/**
 * Tells a caller by which limits a request was counted, and of the one that is nearest to its end how much is left
 * (draft-ietf-httpapi-ratelimit-headers-11). Of the others nothing is told: what is left for a network or a workspace says what others do in it.
 */
export const tellLimits = (res: Response, limits: readonly LimitStanding[]): void => {
  const [first, ...others] = limits;
  if (!first) return;
  const nearest = others.reduce((least, one) => (shareOf(one) < shareOf(least) ? one : least), first);
  res.setHeader('RateLimit-Policy', limits.map(policyItem).join(', '));
  res.setHeader('RateLimit', `${nameOf(nearest)};r=${nearest.standing.left};t=${secondsOf(nearest.standing)}`);
};

const shareOf = ({ standing, limit }: LimitStanding): number => standing.left / limit.requests;

const nameOf = ({ rateClass, subject }: LimitStanding): string => `"${policyOf(rateClass, subject)}"`;

const policyItem = (one: LimitStanding): string => `${nameOf(one)};q=${one.limit.requests};w=${one.limit.seconds}`;
