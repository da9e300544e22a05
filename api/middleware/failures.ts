import type { ErrorRequestHandler, Request } from 'express';
import type { Logger } from 'pino';
import type { Refusal } from '../../domain/result.js';
import { PayeesChanging } from '../../operations/payee/ensure.js';
import { exchangeOf } from '../exchange.js';
import { NoLongerAdmitted } from '../recheck.js';
import { sendRefusal } from '../respond.js';

/**
 * Handles every thrown error. An error of a body reader becomes its problem, and a client that left is no error of ours; any other is
 * `internal`, and only the log has its cause.
 */
export const failures =
  (logger: Logger): ErrorRequestHandler =>
  (error: unknown, req, res, _next) => {
    const line = { err: error, request_id: exchangeOf(res).requestId, route: exchangeOf(res).route };
    const left = hasLeft(error, req);
    const known = fromCaller(error) ?? passing(error);
    if (left) logger.info(line, 'a client left before its answer');
    else if (!known) logger.error(line, 'a request broke');
    if (left || res.headersSent) {
      res.destroy();
      return;
    }
    sendRefusal(res, known ?? { code: 'internal', detail: 'Something broke on our side. Try again, and name the request id when you report it.' });
  };

/** What reading from or writing to a connection that its client has closed throws. */
const LEFT = new Set(['ECONNRESET', 'ECONNABORTED', 'EPIPE', 'ERR_STREAM_PREMATURE_CLOSE', 'ERR_STREAM_DESTROYED']);

/** The database may lose a connection too, so the client's own must be gone. */
const hasLeft = (error: unknown, req: Request): boolean => req.socket.destroyed && LEFT.has(String((error as { code?: unknown } | null)?.code));

/** What is over by itself. */
const passing = (error: unknown): Refusal | null =>
  error instanceof PayeesChanging ? { code: 'not_ready', detail: error.message, extra: { retry_after_seconds: 1 } } : null;

/** What the caller did: errors of body-parser and of the router, which carry a status, and a credential that ended under a stream. */
const fromCaller = (error: unknown): Refusal | null => {
  if (error instanceof NoLongerAdmitted) return error.refusal;
  const { status } = error as { status?: number };
  if (status === 413) return { code: 'payload_too_large', detail: 'The body is larger than this route accepts.' };
  if (status === 415) return { code: 'unsupported_media_type', detail: 'Send the body without an encoding, or as gzip, deflate or br.' };
  if (status !== undefined && status >= 400 && status < 500)
    return { code: 'malformed_request', detail: 'The path or the body could not be read: it is cut off, or is not encoded as the request says.' };
  return null;
};
