export interface WorkspaceRow {
  tenantId: string;
  organizationId: string;
  name: string;
  mode: 'live' | 'test';
  frozenAt: Date | null;
}

export interface WorkspaceStore {
  get(): Promise<WorkspaceRow>;
  /** Locks the tenant row FOR SHARE, so that a freeze waits for who read it, and who reads sees it (R1). */
  lockShared(): Promise<WorkspaceRow>;
}
