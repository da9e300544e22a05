import { expect, test } from '@jest/globals';
import type { RouteShape } from '../../contracts/route-shape.js';
import { ROUTES } from '../../contracts/routes.js';
import { isOperatorPermission } from '../../domain/permissions.js';
import { PLAN_CLASSES, type PlanClass } from '../../domain/plans.js';

const ROUTE_LIST = Object.entries(ROUTES) as [string, RouteShape][];
const withClass = (planClass: PlanClass) => ROUTE_LIST.filter(([, shape]) => shape.planClass === planClass).map(([id]) => id);

test('every route has a class of plans [S2-22]', () => {
  expect(ROUTE_LIST.filter(([, { planClass }]) => !PLAN_CLASSES.includes(planClass)).map(([id]) => id)).toEqual([]);
});

test('the plan of a workspace is asked on every route of one', () => {
  const ofWorkspace = ROUTE_LIST.filter(
    ([, { permission }]) => permission !== 'public' && permission !== 'signed' && !isOperatorPermission(permission),
  );
  expect(ofWorkspace.filter(([, { planClass }]) => planClass === 'none').map(([id]) => id)).toEqual([]);
  const others = ROUTE_LIST.filter((one) => !ofWorkspace.includes(one) && one[1].planClass !== 'none').map(([id]) => id);
  // It makes a member of the workspace that its token names.
  expect(others).toEqual(['accept_invitation']);
});

test('what makes one more of what a plan limits says so, and may be refused for it', () => {
  expect([withClass('batches'), withClass('people').sort(), withClass('api_keys')]).toEqual([
    ['create_payout_batch'],
    ['accept_invitation', 'create_invitation', 'enable_person'],
    ['create_api_key'],
  ]);
  const counting = [...withClass('batches'), ...withClass('people'), ...withClass('api_keys')].sort();
  const refusing = ROUTE_LIST.filter(([, { problems }]) => problems.includes('plan_limit')).map(([id]) => id);
  expect(refusing.sort()).toEqual(counting);
});
