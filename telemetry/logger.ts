import { type Logger, pino, type SerializedError, stdSerializers } from 'pino';
import { printableJson } from '../domain/text.js';
import { traceIdIn } from './trace.js';

/**
 * Paths that are never written, whatever object is logged. Bodies are not logged at all; this list is a second safeguard, for
 * headers and for objects that are logged by mistake.
 */
export const REDACTED = [
  'authorization',
  'cookie',
  'password',
  'code',
  'token',
  'secret',
  'iban',
  'account_number',
  'account_token',
  'totp_secret',
  'api_key',
  'apiKey',
  'webhookSecret',
].flatMap((name) => [name, `*.${name}`, `*.*.${name}`, `*.*.*.${name}`]);

const REDACTED_HEADERS = ['authorization', 'cookie', 'set-cookie', 'x-api-key', 'webhook-signature', 'idempotency-key'].flatMap((name) => [
  `req.headers["${name}"]`,
  `res.headers["${name}"]`,
]);

/** Adds the trace id to a line about a request whose id holds one. */
const withTrace = (line: Record<string, unknown>): Record<string, unknown> => {
  const { request_id, trace_id } = line;
  const traceId = typeof request_id === 'string' && trace_id === undefined ? traceIdIn(request_id) : null;
  return traceId ? { ...line, trace_id: traceId } : line;
};

/**
 * The logger of one process: JSON lines on standard output, time as RFC 3339, secrets left out.
 *
 * @param process name in every line, such as `api`
 * @param level lowest level that is written
 */
export const createLogger = (process: string, level: string, destination?: { write(line: string): void }): Logger => {
  const options = {
    name: `sluice-${process}`,
    level,
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: { paths: [...REDACTED, ...REDACTED_HEADERS], censor: '[redacted]' },
    formatters: { log: withTrace },
    serializers: { err: errorLine },
    hooks: { streamWrite: printableJson },
  };
  return destination ? pino(options, destination) : pino(options);
};

/** How Prisma prints a call whose arguments it refuses, in every error format: all arguments, up to an empty line. */
const ARGUMENTS = /(Invalid `[^`\n]*` invocation[^\n]*:\s*?\n\s*?\n)[\s\S]*?\n\s*\}[ \t]*\n\s*?\n/g;

const withoutArguments = (text: string): string => text.replace(ARGUMENTS, '$1');

/**
 * An error as it is logged: with what was wrong, without the arguments, its causes too. A thrown value that is no Error is logged as
 * it is, because writing a log line must never throw.
 */
const errorLine = (error: unknown): unknown => {
  const line: Partial<SerializedError> | null | undefined = stdSerializers.err(error as Error);
  if (typeof line?.message !== 'string') return line;
  return { ...line, message: withoutArguments(line.message), stack: withoutArguments(String(line.stack)) };
};
