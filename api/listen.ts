import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** ms; longer than callers and load balancers keep idle connections (60 s mostly), so that none is closed under a request. */
const KEEP_ALIVE_MS = 75_000;

/** Listens and returns the address as a URL; port 0 takes a free one. Throws with the next step when the port is taken. */
export const listen = async (server: Server, host: string, port: number): Promise<string> => {
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  await new Promise<void>((done, fail) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      fail(error.code === 'EADDRINUSE' ? new Error(`Port ${port} on ${host} is taken. Stop what uses it or choose another one.`) : error),
    );
    server.listen(port, host, done);
  });
  const { address, family, port: taken } = server.address() as AddressInfo;
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${taken}`;
};

/** Requests in flight get this long, ms. The supervisor kills the process after 10 s. */
const DRAIN_MS = 8_000;

/** Stops accepting, lets requests finish for up to `limitMs`, then closes the connections that are left. Streams end by the `draining` signal. */
export const drain = async (server: Server, limitMs = DRAIN_MS): Promise<void> => {
  const closed = new Promise<void>((done) => {
    server.close(() => done());
  });
  server.closeIdleConnections();
  const cut = setTimeout(() => server.closeAllConnections(), limitMs);
  await closed;
  clearTimeout(cut);
};
