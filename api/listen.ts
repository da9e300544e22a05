import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Longer than callers and load balancers keep their idle connections (60 s, mostly), so that none is closed under a request. */
const KEEP_ALIVE_MS = 75_000;

/** Listens and answers the address as a URL; port 0 takes a free one. Throws with the way out when the port is taken. */
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
