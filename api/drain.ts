import type { Server } from 'node:http';

/** In-flight requests get this long; the supervisor's limit is 10 s. */
const DRAIN_MS = 8_000;

/** Stops accepting, lets requests finish for up to 8 s, then cuts what is left. Streams end by the `draining` signal. */
export const drain = async (server: Server, limitMs = DRAIN_MS): Promise<void> => {
  const closed = new Promise<void>((done) => {
    server.close(() => done());
  });
  server.closeIdleConnections();
  const cut = setTimeout(() => server.closeAllConnections(), limitMs);
  await closed;
  clearTimeout(cut);
};
