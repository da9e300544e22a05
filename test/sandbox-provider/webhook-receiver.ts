import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Delivery {
  headers: IncomingHttpHeaders;
  raw: Buffer;
  // biome-ignore lint/suspicious/noExplicitAny: a test reads what it expects out of a body
  body: any;
}

/** A listener for webhooks on a free port; answers each delivery with the next of `statuses`, then with 204. */
export const receiveWebhooks = async (statuses: number[] = []) => {
  const deliveries: Delivery[] = [];
  const waiting = new Set<() => void>();
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const raw = Buffer.concat(chunks);
    deliveries.push({ headers: request.headers, raw, body: JSON.parse(raw.toString()) });
    response.writeHead(statuses.shift() ?? 204).end();
    for (const look of waiting) look();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/inbound`,
    deliveries,
    /** Resolves with the deliveries as soon as there are `count`. */
    async atLeast(count: number): Promise<Delivery[]> {
      if (deliveries.length < count) {
        await new Promise<void>((resolve) => {
          const look = () => {
            if (deliveries.length < count) return;
            waiting.delete(look);
            resolve();
          };
          waiting.add(look);
        });
      }
      return deliveries;
    },
    async close(): Promise<void> {
      server.close();
      server.closeAllConnections();
    },
  };
};
