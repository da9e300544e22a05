import { createServer } from 'node:net';

/** Everything that listens, on loopback. */
export const PORT_NAMES = ['api', 'worker', 'codec', 'provider', 'postgres', 'temporal', 'ui', 'temporal_metrics', 'temporal_http'] as const;
export type PortName = (typeof PORT_NAMES)[number];
export type Ports = Record<PortName, number>;

const USUAL: Ports = {
  api: 8080,
  worker: 8081,
  codec: 8082,
  provider: 8083,
  postgres: 54_329,
  temporal: 7233,
  ui: 8233,
  temporal_metrics: 7234,
  temporal_http: 7235,
};

/** The usual ports, nine in a row from a base, or free ones of the moment. */
export const choosePorts = async (wish: 'usual' | 'free' | number, temporal: Partial<Ports>): Promise<Ports> => {
  if (wish === 'usual') return { ...USUAL, ...temporal };
  if (wish === 'free') return freePorts();
  return Object.fromEntries(PORT_NAMES.map((name, index) => [name, wish + index])) as Ports;
};

const freePorts = async (): Promise<Ports> => {
  // All are held at once, so that none is given twice.
  const servers = await Promise.all(PORT_NAMES.map(() => hold(0)));
  const ports = servers.map((server) => {
    const address = server.address();
    return typeof address === 'object' && address ? address.port : 0;
  });
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return Object.fromEntries(PORT_NAMES.map((name, index) => [name, ports[index]])) as Ports;
};

/** Throws an Error that names the first port somebody else listens on. */
export const requireFree = async (ports: Partial<Ports>): Promise<void> => {
  for (const [name, port] of Object.entries(ports)) {
    const server = await hold(port).catch((error: NodeJS.ErrnoException) => {
      throw new Error(
        error.code === 'EADDRINUSE'
          ? `Port ${port}, which ${name} would listen on, is taken. See who has it with \`ss -ltnp sport = :${port}\` (macOS: \`lsof -i :${port}\`), or choose others: npm start -- --port-base 20000`
          : `Port ${port} for ${name} can't be used (${error.message}). Choose others: npm start -- --port-base 20000`,
      );
    });
    await new Promise((resolve) => server.close(resolve));
  }
};

const hold = (port: number): Promise<ReturnType<typeof createServer>> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
