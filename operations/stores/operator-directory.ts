import type { Plan } from '../../domain/plans.js';
import type { FreezeRow } from './freezes.js';
import type { Page, PageQuery } from './page.js';
import type { WorkspaceRow } from './workspaces.js';

/** A workspace as operators see it, with its freeze while one is open. */
export interface Tenant {
  workspace: WorkspaceRow;
  freeze: FreezeRow | null;
}

/** An organization that an operator's request made, or that an earlier request with the same key did. */
export interface MadeTenant {
  organizationId: string;
  name: string;
  /** As it was asked for; null of one that was made before there were plans. */
  plan: Plan | null;
}

export interface NewTenant {
  operatorId: string;
  /** The Idempotency-Key of the request. */
  key: string;
  organizationId: string;
  name: string;
  plan: Plan;
  live: string;
  test: string;
}

/**
 * What the platform sees across workspaces: its operators, and where each workspace stands. Like the directory of credentials it is no store:
 * an implementation calls the SECURITY DEFINER functions of migrations 0030 and 0034.
 */
export interface OperatorDirectory {
  /** By the SHA-256 of the credential; null when no key of an operator has it that is not revoked. */
  operator(tokenHash: Uint8Array): Promise<{ operatorId: string; operatorKeyId: string } | null>;
  /** Names of operators by id. */
  names(ids: readonly string[]): Promise<ReadonlyMap<string, string>>;
  tenant(tenantId: string): Promise<Tenant | null>;
  tenants(page: PageQuery): Promise<Page<Tenant>>;
  tenantsOf(organizationId: string): Promise<Tenant[]>;
  /** Makes an organization with a live and a test workspace. Of one operator and key it is made once, and a repeat answers what the first made. */
  createTenant(tenant: NewTenant): Promise<MadeTenant>;
}
