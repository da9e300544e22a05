import type { z } from 'zod';
import type { Permission } from '../domain/actors.js';
import type { ProblemCode } from '../domain/problems.js';

/** What the table says of one route. */
export interface RouteShape {
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  path: string;
  summary: string;
  /** `public` needs no credential; `signed` is authenticated over its raw body. */
  permission: Permission | 'public' | 'signed';
  rateClass: 'read' | 'write' | 'money' | 'sign_in' | 'inbound';
  /** Every POST takes an Idempotency-Key; `required` where money or gates are concerned: those are kept for ever, the others for 30 days. */
  idempotency?: 'required' | 'optional';
  /** The answer holds a secret that is shown once and never stored. */
  returnsSecret?: true;
  params?: z.ZodObject;
  query?: z.ZodObject;
  body?: z.ZodType;
  /** `json` unless said otherwise. `stream` routes read and write for themselves. */
  format?: 'json' | 'json_or_csv' | 'events' | 'lines' | 'raw';
  out: { status: 200 | 201 | 202; body: z.ZodType };
  problems: readonly ProblemCode[];
}
