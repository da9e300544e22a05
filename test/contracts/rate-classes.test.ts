import { expect, test } from '@jest/globals';
import { z } from 'zod';
import type { RouteShape } from '../../contracts/route-shape.js';
import { ROUTES } from '../../contracts/routes.js';
import { RATE_CLASSES, RATES } from '../../domain/rates.js';

const ROUTE_LIST = Object.entries(ROUTES) as [string, RouteShape][];

test('every route has a class of the table of limits', () => {
  expect(ROUTE_LIST.filter(([, { rateClass }]) => !RATE_CLASSES.includes(rateClass)).map(([id]) => id)).toEqual([]);
});

test('every route that takes a code of a second factor is counted as one, or as a sign-in [S3-18]', () => {
  const takesCode = ROUTE_LIST.filter(([, { body }]) => body instanceof z.ZodObject && 'code' in body.shape).map(([id]) => id);
  expect(takesCode).toEqual(expect.arrayContaining(['create_session', 'approve_payout_batch', 'execute_payout_batch', 'confirm_proposal']));
  const counted = ROUTE_LIST.filter(([, { rateClass }]) => rateClass === 'code' || rateClass === 'sign_in').map(([id]) => id);
  expect(takesCode.filter((id) => !counted.includes(id))).toEqual([]);
});

test('every route with a credential is counted by its principal and by their workspace [S2-15] [S1-07]', () => {
  const wrong = ROUTE_LIST.filter(([, { permission, rateClass }]) => {
    const { principal, workspace } = RATES[rateClass];
    return permission !== 'public' && permission !== 'signed' && !(principal && workspace);
  });
  expect(wrong.map(([id]) => id)).toEqual([]);
});
