import type { RequestHandler } from 'express';
import type { Logger } from 'pino';
import type { PublicContext } from '../operations/context.js';
import type { CredentialDirectory } from '../operations/stores/credential-directory.js';

/** A part that the API needs. `problem` is null when it is ready, else one sentence for people. */
export interface ReadinessPart {
  name: string;
  problem: string | null;
}

/** Wakes who waits for new audit leaves. */
export interface LeafSignal {
  /** Calls `wake` after every sealed group of events. Returns what ends the subscription. */
  subscribe(wake: () => void): () => void;
}

/** The caller's span, for logs. */
export interface Trace {
  traceId: string;
  spanId: string;
}

/** What the app gets from its composition root. Nothing in `api/` reaches for a driver by itself. */
export interface ApiDeps {
  logger: Logger;
  directory: CredentialDirectory;
  /** The SHA-256 of a credential of our form, or null when form or checksum is wrong. */
  hashToken: (token: string) => Uint8Array | null;
  publicContext: (requestId: string) => PublicContext;
  readiness: () => Promise<ReadinessPart[]>;
  /** Prometheus text of everything this process measures. */
  metrics: () => Promise<{ contentType: string; text: string }>;
  observeHttp: (exchange: { method: string; route: string; status: number; seconds: number }) => void;
  trace: (traceparent: string | undefined, requestId: string) => Trace;
  newRequestId: () => string;
  leaves: LeafSignal;
  /** Folder for uploads on their way in, 0700. */
  spoolDir: string;
  /** `secure` behind TLS; `loopback` lets a browser sign in over plain http on this machine only (ADR 0012). */
  cookies: 'secure' | 'loopback';
  /** Ends when the process drains: open streams close then. */
  draining: AbortSignal;
  docs: RequestHandler;
  /** `mailto:` or `https:` address for reports of weaknesses (RFC 9116). */
  securityContact: string;
}
