import express, { type Router } from 'express';
import type { ApiDeps } from './deps.js';
import { exchangeOf } from './exchange.js';

/** `/healthz`: the process lives. `/readyz`: it can serve, or which part is not ready. Metrics are not for everybody: see `serve.ts`. */
export const health = (deps: Pick<ApiDeps, 'readiness' | 'draining'>): Router => {
  const router = express.Router();
  router.get('/healthz', (_req, res) => {
    exchangeOf(res).route = 'healthz';
    res.json({ status: 'ok' });
  });
  router.get('/readyz', async (_req, res) => {
    exchangeOf(res).route = 'readyz';
    const parts = await deps.readiness();
    if (deps.draining.aborted) parts.push({ name: 'process', problem: 'it is shutting down' });
    const ready = parts.every((part) => part.problem === null);
    res.status(ready ? 200 : 503).json({
      status: ready ? 'ready' : 'not_ready',
      parts: Object.fromEntries(
        parts.map((part) => [part.name, part.problem === null ? { status: 'ready' } : { status: 'not_ready', problem: part.problem }]),
      ),
    });
  });
  return router;
};
