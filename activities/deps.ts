import type { Context } from '../operations/context.js';

/** What activities get from the composition root. */
export interface ActivityDeps {
  /** A context of the worker process in a tenant, under a correlation id. */
  contextOf(tenantId: string, requestId: string): Promise<Context>;
  /** Chunks of one batch in flight. */
  window: number;
  /** History events after which a run continues as new. */
  historyEvents: number;
}

/** Names a batch. It grants nothing: everything is loaded by (tenant, batch). */
export interface BatchPlace {
  tenantId: string;
  batchId: string;
}
