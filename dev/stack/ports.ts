import { createServer } from 'node:net';

/** The names of all ports, on loopback. */
export const PORT_NAMES = [
  'api',
  'worker',
  'codec',
  'provider',
  'postgres',
  'temporal',
  'ui',
  'temporal_metrics',
  'temporal_http',
  'api_health',
] as const;
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
  api_health: 8084,
};

/** The usual ports, ten consecutive ones from `wish`, or ports that are free now. */
export const choosePorts = async (wish: 'usual' | 'free' | number, temporal: Partial<Ports>): Promise<Ports> => {
  if (wish === 'usual') return { ...USUAL, ...temporal };
  if (wish === 'free') return freePorts();
  return Object.fromEntries(PORT_NAMES.map((name, index) => [name, wish + index])) as Ports;
};

const freePorts = async (): Promise<Ports> => {
  // All are open at the same time, so that no port comes twice.
  const servers = await Promise.all(PORT_NAMES.map(() => listen(0)));
  const ports = servers.map((server) => {
    const address = server.address();
    return typeof address === 'object' && address ? address.port : 0;
  });
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return Object.fromEntries(PORT_NAMES.map((name, index) => [name, ports[index]])) as Ports;
};

/** Throws an Error that names the first port that is taken. */
export const requireFree = async (ports: Partial<Ports>): Promise<void> => {
  for (const [name, port] of Object.entries(ports)) {
    const server = await listen(port).catch((error: NodeJS.ErrnoException) => {
      throw new Error(
        error.code === 'EADDRINUSE'
          ? `Port ${port}, which ${name} would listen on, is taken. Find the process that has it with \`ss -ltnp sport = :${port}\` (macOS: \`lsof -i :${port}\`), or choose others: npm start -- --port-base 20000`
          : `Port ${port} for ${name} can't be used (${error.message}). Choose others: npm start -- --port-base 20000`,
      );
    });
    await new Promise((resolve) => server.close(resolve));
  }
};

const listen = (port: number): Promise<ReturnType<typeof createServer>> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
