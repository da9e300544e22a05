import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';

/** A payload as Temporal's JSON has it: metadata values and data in base64. */
interface WirePayload {
  metadata?: Record<string, string>;
  data?: string;
}

interface Payload {
  metadata?: Record<string, Uint8Array> | null;
  data?: Uint8Array | null;
}

export interface CodecSettings {
  decode: (payloads: Payload[]) => Promise<Payload[]>;
  /** Address of the Web UI; only its pages get an answer. */
  uiUrl: string;
}

const BODY_BYTES = 8 * 1024 * 1024;

/**
 * The codec endpoint of the Temporal Web UI (`POST /decode`), for loopback only: it shows what histories hold. A payload that
 * it cannot open stays as it is. It refuses to encode: messages to a workflow go through the API.
 */
export const codecServer = ({ decode, uiUrl }: CodecSettings): Server => {
  const allowed = originsOf(uiUrl);
  return createServer((req, res) => {
    const origin = req.headers.origin;
    if (origin !== undefined && !allowed.has(origin)) return void res.writeHead(403).end();
    if (origin !== undefined) {
      res.setHeader('Access-Control-Allow-Origin', origin);
      res.setHeader('Access-Control-Allow-Headers', 'content-type,x-namespace');
      res.setHeader('Access-Control-Allow-Methods', 'POST,OPTIONS');
      res.setHeader('Vary', 'Origin');
    }
    if (req.method === 'OPTIONS') return void res.writeHead(204).end();
    // The UI adds a query (`?preserveStorageRefs=true`).
    const path = (req.url ?? '').split('?', 1)[0];
    if (req.method !== 'POST' || (path !== '/decode' && path !== '/encode')) return void res.writeHead(404).end();
    handle(path, req, res, decode).catch(() => res.writeHead(400).end());
  });
};

const handle = async (path: string, req: IncomingMessage, res: ServerResponse, decode: CodecSettings['decode']): Promise<void> => {
  const { payloads = [] } = JSON.parse(await read(req)) as { payloads?: WirePayload[] };
  if (path === '/encode' && payloads.length > 0) return void res.writeHead(403).end();
  const decoded = await Promise.all(payloads.map((payload) => decodeOne(payload, decode)));
  res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ payloads: decoded }));
};

const decodeOne = async (payload: WirePayload, decode: CodecSettings['decode']): Promise<WirePayload> => {
  try {
    const metadata = Object.fromEntries(Object.entries(payload.metadata ?? {}).map(([name, value]) => [name, bytesOf(value)]));
    const [plain] = await decode([{ metadata, data: bytesOf(payload.data ?? '') }]);
    if (!plain) return payload;
    return {
      metadata: Object.fromEntries(Object.entries(plain.metadata ?? {}).map(([name, value]) => [name, textOf(value)])),
      data: textOf(plain.data ?? new Uint8Array()),
    };
  } catch {
    return payload;
  }
};

/** `localhost` and `127.0.0.1` are two origins of the same page. */
const originsOf = (uiUrl: string): Set<string> => {
  const { protocol, hostname, port, origin } = new URL(uiUrl);
  const twin = { localhost: '127.0.0.1', '127.0.0.1': 'localhost' }[hostname];
  return new Set(twin ? [origin, `${protocol}//${twin}${port ? `:${port}` : ''}`] : [origin]);
};

const read = async (req: IncomingMessage): Promise<string> => {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of req as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > BODY_BYTES) throw new Error('the body is too large');
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
};

const bytesOf = (base64: string): Uint8Array => new Uint8Array(Buffer.from(base64, 'base64'));
const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
