import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface HealthParts {
  port: number;
  /** Parts that the process needs: null when a part is ready, else one sentence for people. */
  readiness: () => Promise<Record<string, string | null>>;
  metrics: () => Promise<{ contentType: string; text: string }>;
}

/** Serves `/healthz`, `/readyz` and `/metrics` of a process on loopback. Returns its port; throws when the port is taken. */
export const serveHealth = async ({ port, readiness, metrics }: HealthParts): Promise<{ port: number; close(): Promise<void> }> => {
  const server = createServer((request, response) => {
    const send = (status: number, type: string, text: string) => response.writeHead(status, { 'content-type': type }).end(text);
    const answer = async (): Promise<unknown> => {
      if (request.url === '/healthz') return send(200, 'application/json', '{"status":"ok"}');
      if (request.url === '/metrics') {
        const { contentType, text } = await metrics();
        return send(200, contentType, text);
      }
      if (request.url !== '/readyz') return send(404, 'application/json', '{"status":"not_found"}');
      const parts = await readiness();
      const ready = Object.values(parts).every((problem) => problem === null);
      return send(ready ? 200 : 503, 'application/json', JSON.stringify({ status: ready ? 'ready' : 'not_ready', parts }));
    };
    answer().catch(() => send(500, 'application/json', '{"status":"error"}'));
  });
  await new Promise<void>((done, fail) => {
    server.once('error', fail);
    server.listen(port, '127.0.0.1', done);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () => {
      server.closeAllConnections();
      return new Promise((done) => server.close(() => done()));
    },
  };
};
