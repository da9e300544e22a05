import { randomBytes } from 'node:crypto';

/** A position in a trace, as the W3C Trace Context header `traceparent` carries it. */
export interface TraceContext {
  /** 32 hex digits. */
  traceId: string;
  /** 16 hex digits: the caller's span. */
  spanId: string;
  sampled: boolean;
}

const FORM = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

/** Reads `traceparent` (W3C Trace Context level 1, §3.2). Null for a header that the standard calls invalid. */
export const parseTraceparent = (header: string | undefined): TraceContext | null => {
  const match = FORM.exec(header ?? '');
  if (!match) return null;
  const [, version, traceId, spanId, flags, more] = match;
  if (!version || !traceId || !spanId || !flags || version === 'ff' || (version === '00' && more)) return null;
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return null;
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
};

export const formatTraceparent = (trace: TraceContext): string => `00-${trace.traceId}-${trace.spanId}-${trace.sampled ? '01' : '00'}`;

const WITHIN = /^(?:req_)?([0-9a-f]{32})$/;

/**
 * The trace id inside a request id, or null. Our own request ids are `req_` and a trace id; a caller that sends `traceparent` without
 * `Request-Id` gets the trace id itself. So only the request id has to be passed on to the worker.
 */
export const traceIdIn = (requestId: string): string | null => {
  const [, traceId = null] = WITHIN.exec(requestId) ?? [];
  return traceId;
};

/** The next span of a trace: a child of `parent`, or the first span of the trace in the request id. */
export const nextSpan = (parent: TraceContext | null, requestId: string): TraceContext => ({
  traceId: parent?.traceId ?? traceIdIn(requestId) ?? randomBytes(16).toString('hex'),
  spanId: randomBytes(8).toString('hex'),
  sampled: parent?.sampled ?? false,
});
