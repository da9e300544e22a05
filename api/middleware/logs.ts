import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RequestHandler, Response } from 'express';
import type { Logger } from 'pino';
import { pinoHttp } from 'pino-http';
import { exchangeOf } from '../exchange.js';

/** One line a request: method, path without its query, status, time, ids. Never headers, bodies or queries. */
export const logs = (logger: Logger): RequestHandler =>
  pinoHttp<IncomingMessage, ServerResponse>({
    logger,
    quietReqLogger: true,
    genReqId: (_req, res) => exchangeOf(res as Response).requestId,
    serializers: {
      req: (req: { method: string; url: string }) => ({ method: req.method, path: req.url.split('?', 1)[0] }),
      res: (res: { statusCode: number }) => ({ status: res.statusCode }),
    },
    customAttributeKeys: { reqId: 'request_id' },
    customProps: (_req, res) => {
      const { route, trace, context } = exchangeOf(res as Response);
      const who = context ? { tenant_id: context.tenantId, actor: context.actor.type } : {};
      return { route, trace_id: trace.traceId, span_id: trace.spanId, ...who };
    },
    customLogLevel: (_req, res, error) => (error || res.statusCode >= 500 ? 'error' : res.statusCode >= 400 ? 'info' : 'debug'),
  });
