import { z } from 'zod';
import { FREEZE_STEPS, TENANT_STATES } from '../domain/freeze.js';
import { PLAN_NAMES } from '../domain/plans.js';
import { email, id, lines, name, page, timestamp, wireId } from './wire.js';

export const listTenants = z.strictObject(page);

/** Who is invited to own a workspace first. */
export const inviteOwner = z.strictObject({ email, name: name(100) });

export const createTenant = z.strictObject({
  /** Of the organization; its workspaces are named after it. */
  name: name(90),
  plan: z.enum(PLAN_NAMES),
  /** Gets a letter for each of its workspaces. */
  owner: inviteOwner,
});

export const setPlan = z.strictObject({ plan: z.enum(PLAN_NAMES) });

/** Why, for the other operator. */
export const askForFreeze = z.strictObject({ reason: lines(500) });

export const confirmFreeze = z.strictObject({
  /** The freeze that was looked at. */
  freeze_id: id('freeze'),
  step: z.enum(FREEZE_STEPS),
});

/** Of an organization: its workspaces may have freezes that were asked for apart. */
export const withdrawFreeze = z.strictObject({
  /** The freeze that was looked at. */
  freeze_id: id('freeze'),
});

const operator = z.object({ id: wireId, name: z.string() }).meta({ id: 'Operator' });

const freeze = z
  .object({
    id: wireId,
    reason: z.string(),
    proposed_by: operator,
    proposed_at: timestamp,
    confirmed_by: operator.nullable(),
    confirmed_at: timestamp.nullable(),
    /** The thaw that an operator asked for and another has to confirm. */
    thaw: z.object({ reason: z.string(), proposed_by: operator, proposed_at: timestamp }).nullable(),
  })
  .meta({ id: 'Freeze' });

/** A workspace as operators of the platform see it. */
export const tenant = z
  .object({
    object: z.literal('tenant'),
    /** The workspace. */
    id: wireId,
    organization_id: wireId,
    name: z.string(),
    mode: z.enum(['live', 'test']),
    /** Of the organization: its workspaces have one plan. What it allows is in docs/plans.md. */
    plan: z.enum(PLAN_NAMES),
    state: z.enum(TENANT_STATES),
    /** Since when no money leaves. */
    stopped_at: timestamp.nullable(),
    /** Since when nobody works in it. */
    closed_at: timestamp.nullable(),
    freeze: freeze.nullable(),
  })
  .meta({ id: 'Tenant' });

/** Where the workspaces of an organization stand. */
export const organizationState = z
  .object({ object: z.literal('organization_state'), id: wireId, workspaces: z.array(tenant) })
  .meta({ id: 'OrganizationState' });

export const organization = z
  .object({ object: z.literal('organization'), id: wireId, name: z.string(), workspaces: z.array(tenant) })
  .meta({ id: 'Organization' });
