import type { RequestHandler } from 'express';
import type { Logger } from 'pino';
import type { RateClass, RateLimit, RateSubject, RateTable } from '../domain/rates.js';
import type { PublicContext } from '../operations/context.js';
import type { CredentialDirectory } from '../operations/stores/credential-directory.js';
import type { Standing } from './rates/leases.js';
import type { RatedWorkspace } from './rates/tables.js';
import type { SignatureResult } from './signature-result.js';

/** A part that the API needs. `problem` is null when the part is ready, else one sentence for people. */
export interface ReadinessPart {
  name: string;
  problem: string | null;
}

/** Reports new audit leaves to the open streams. */
export interface LeafSignal {
  /** Calls `wake` after every group of events that was sequenced. Returns a function that ends the subscription. */
  subscribe(wake: () => void): () => void;
}

/** Time as streams see it. */
export interface Clock {
  /** ms; only differences mean anything. */
  now(): number;
  /** Calls `ring` once after so many ms. Returns a function that takes it back. */
  alarm(ms: number, ring: () => void): () => void;
}

/** The caller's span, for logs. */
export interface Trace {
  traceId: string;
  spanId: string;
}

/** Reads rows by a statement in a tagged template, as the API's role; `db/transaction/sql.ts` is one. */
export interface RowReader {
  rows<Row>(why: 'set' | 'function'): (statement: TemplateStringsArray) => Promise<Row[]>;
}

/** How many requests are answered. */
export interface Rates {
  /** The limits in force: those of a workspace with its plan, or those of everybody while none is known. */
  tableOf: (workspace: RatedWorkspace | null) => RateTable;
  /** Counts one request of a key, which names its class, its subject and who that is. */
  take: (key: string, limit: RateLimit) => Promise<Standing>;
  /** Is told of each request that was refused. */
  onRefused: (what: { class: RateClass; by: RateSubject }) => void;
}

/** What the app gets from its composition root. No module of `api/` opens a driver by itself. */
export interface ApiDeps {
  logger: Logger;
  directory: CredentialDirectory;
  /** The SHA-256 of a credential, or null when its form or checksum is wrong. */
  hashToken: (token: string) => Uint8Array | null;
  publicContext: (requestId: string) => PublicContext;
  rates: Rates;
  readiness: () => Promise<ReadinessPart[]>;
  observeHttp: (exchange: { method: string; route: string; status: number; seconds: number }) => void;
  /** Counts a request with an API key that was refused, and why. */
  countRefusedKey: (code: 'network_not_allowed') => void;
  /** Counts a machine's call of those that a workspace may ask to be signed. */
  countSigned: (result: SignatureResult) => void;
  /** The URL that callers use, without a slash at its end; null when they reach the API by the host that they name. With https:// nothing else is answered. */
  publicUrl: string | null;
  trace: (traceparent: string | undefined, requestId: string) => Trace;
  newRequestId: () => string;
  leaves: LeafSignal;
  /** Told when something happened to a person's account that belongs into the logs of their workspaces. */
  personEvents: { wake(): void };
  /** Told when somebody asked for a letter with a link. */
  emailLinks: { wake(): void };
  clock: Clock;
  /** Folder for the files of uploads while they are read; mode 0700. */
  spoolDir: string;
  /** `secure` behind TLS; `loopback` lets a browser sign in over plain http on this machine only (ADR 0012). */
  cookies: 'secure' | 'loopback';
  /** Aborted when the process drains: open streams close then. */
  draining: AbortSignal;
  /** Networks of the proxies whose X-Forwarded-For and X-Forwarded-Proto are believed; none: nobody's. */
  trustedProxies: readonly string[];
  docs: RequestHandler;
  /** Temporal's Web UI, for the page at /; null when none is configured. */
  webUiUrl: string | null;
  /** `mailto:` or `https:` address for vulnerability reports (RFC 9116). */
  securityContact: string;
}
