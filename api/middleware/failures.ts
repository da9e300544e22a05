import type { ErrorRequestHandler } from 'express';
import type { Logger } from 'pino';
import type { Refusal } from '../../domain/result.js';
import { exchangeOf } from '../exchange.js';
import { sendRefusal } from '../respond.js';

/** Handles every thrown error. An error of a body reader becomes its problem; any other is `internal`, and only the log has its cause. */
export const failures =
  (logger: Logger): ErrorRequestHandler =>
  (error: unknown, _req, res, _next) => {
    const known = fromReader(error);
    if (!known) logger.error({ err: error, request_id: exchangeOf(res).requestId, route: exchangeOf(res).route }, 'a request broke');
    if (res.headersSent) {
      res.destroy();
      return;
    }
    sendRefusal(res, known ?? { code: 'internal', detail: 'Something broke on our side. Try again, and name the request id when you report it.' });
  };

/** Errors of body-parser and of the router, which carry a status and a type. */
const fromReader = (error: unknown): Refusal | null => {
  const { status, type } = error as { status?: number; type?: string };
  if (status === 413) return { code: 'payload_too_large', detail: 'The body is larger than this route accepts.' };
  if (status === 415) return { code: 'unsupported_media_type', detail: 'Send the body as UTF-8, without an unusual encoding.' };
  if (type === 'entity.parse.failed') return { code: 'malformed_json', detail: 'The body could not be read as JSON.' };
  if (status !== undefined && status >= 400 && status < 500) return { code: 'invalid_request', detail: 'The request could not be read.' };
  return null;
};
