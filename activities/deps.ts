import type { Context } from '../operations/context.js';

/** What activities get from the composition root. */
export interface ActivityDeps {
  /** A context of the worker process in a tenant, under a correlation id. */
  contextOf(tenantId: string, requestId: string): Promise<Context>;
  /** Id of the request that opened the batch's execute gate; null before that. */
  requestOf(place: BatchPlace): Promise<string | null>;
  /** Writes one line for each activity that has run: ids and times, and nothing of what it read. */
  log(line: { [name: string]: string | number | boolean }): void;
  /** Chunks of one batch in flight. */
  window: number;
  /** History events after which a run continues as new. */
  historyEvents: number;
}

/** Names a batch and grants nothing: everything is loaded by (tenant, batch). */
export interface BatchPlace {
  tenantId: string;
  batchId: string;
}
