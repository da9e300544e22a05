import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RequestHandler, Response } from 'express';
import type { Logger } from 'pino';
import { pinoHttp } from 'pino-http';
import { exchangeOf } from '../exchange.js';

/** Logs one line per request: method, path, status, time, ids. Never headers, bodies, queries, or what an absolute URI has before its path. */
export const logs = (logger: Logger): RequestHandler =>
  pinoHttp<IncomingMessage, ServerResponse>({
    logger,
    quietReqLogger: true,
    genReqId: (_req, res) => exchangeOf(res as Response).requestId,
    serializers: {
      req: (req: { method: string; url: string }) => ({ method: req.method, path: pathOf(req.url) }),
      res: (res: { statusCode: number }) => ({ status: res.statusCode }),
    },
    customAttributeKeys: { reqId: 'request_id' },
    // pino-http asks twice per request; before the answer nothing is known yet.
    customProps: (_req, res) => {
      if (!res.headersSent) return {};
      const { route, trace, context } = exchangeOf(res as Response);
      const who = context ? { tenant_id: context.tenantId, actor: context.actor.type } : {};
      return { route, trace_id: trace.traceId, span_id: trace.spanId, ...who };
    },
    customLogLevel: (_req, res) => (res.statusCode >= 500 ? 'warn' : res.statusCode >= 400 ? 'info' : 'debug'),
    // `failures` has logged the error already; pino-http would invent one for every 5xx.
    customErrorObject: (_req, _res, _error, { err: _made, ...line }: Record<string, unknown>) => line,
  });

/** A request line may hold the whole URI (RFC 9112, section 3.2.2), and that a name and a password. */
const pathOf = (target: string): string => target.replace(/^[a-z][a-z\d+.-]*:\/\/[^/?#]*/i, '').split(/[?#]/, 1)[0] || '/';
