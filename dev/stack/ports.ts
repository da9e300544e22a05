import { randomInt } from 'node:crypto';
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
  'mail',
  'mailbox',
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
  mail: 8085,
  mailbox: 8086,
};

/** The usual ports, twelve consecutive ones from `wish`, or ports that are free now. */
export const choosePorts = async (wish: 'usual' | 'free' | number, temporal: Partial<Ports>): Promise<Ports> => {
  if (wish === 'usual') return { ...USUAL, ...temporal };
  if (wish === 'free') return named(await freePorts(PORT_NAMES.length));
  return named(PORT_NAMES.map((_, index) => wish + index));
};

const named = (ports: readonly number[]): Ports => Object.fromEntries(PORT_NAMES.map((name, index) => [name, ports[index]])) as Ports;

/** Below the ports that systems give to outgoing connections (from 32,768 on Linux), and above those that services have by custom. */
const LOWEST = 10_240;
const HIGHEST = 32_767;

/**
 * Different ports of loopback that are free now. No outgoing connection can take one while the process that listens there is down, as it
 * may with a port that the system chooses.
 */
export const freePorts = async (count: number): Promise<number[]> => {
  const ports = new Set<number>();
  while (ports.size < count) {
    const port = randomInt(LOWEST, HIGHEST + 1);
    const server = ports.has(port) ? null : await listen(port).catch(() => null);
    if (!server) continue;
    ports.add(port);
    await new Promise((resolve) => server.close(resolve));
  }
  return [...ports];
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
