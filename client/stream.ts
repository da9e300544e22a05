import type { z } from 'zod';
import type { createBatchCsv } from '../contracts/batches.js';
import { ROUTES } from '../contracts/routes.js';
import { ProblemError, Unreachable } from './problem-error.js';
import { pauseAfter, waitsTooLong, withRetries } from './retry.js';
import { exchange, type Transport } from './send.js';
import { signed } from './sign.js';
import type { CallOptions, ResponseOf } from './types.js';
import { watched } from './watch.js';

/**
 * Uploads a CSV as a batch. `open` is called once per try, because a retry needs the body from its start; what its stream throws is
 * thrown as it is, because then neither the network nor the server failed. `query` is that of the contract `createBatchCsv`. A transport
 * that signs needs the SHA-256 of the file, and throws without it.
 */
export const uploadCsv = async (
  transport: Transport,
  query: z.input<typeof createBatchCsv>,
  open: () => ReadableStream<Uint8Array>,
  { idempotencyKey = transport.idempotencyKey ?? crypto.randomUUID(), signal, onReplay, sha256 }: UploadOptions = {},
): Promise<ResponseOf<'create_payout_batch'>> => {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) search.set(name, String(value));
  const target = `${ROUTES.create_payout_batch.path}?${search}`;
  const given = { ...transport.headers, 'content-type': 'text/csv', 'idempotency-key': idempotencyKey };
  const once = async (replayed: () => void) => {
    const headers = { ...given, ...(await signatureOf(transport, target, given, sha256)) };
    const body = withFault(open());
    const request = { method: 'POST', headers, body: body.stream, duplex: 'half', ...(signal ? { signal } : {}) } as RequestInit;
    try {
      const response = await exchange(transport, target, request, replayed);
      return (await response.json()) as ResponseOf<'create_payout_batch'>;
    } catch (error) {
      throw body.fault() ?? error;
    }
  };
  const told = { watch: transport.watch, onReplay };
  return watched(told, { route: 'create_payout_batch', input: query, idempotencyKey }, (attempt) =>
    withRetries(transport.retry, () => attempt(once)),
  );
};

export interface UploadOptions extends CallOptions {
  /** SHA-256 of the file. */
  sha256?: Uint8Array;
}

/** The header fields that sign one try of an upload; none without a signer. */
const signatureOf = async ({ signer, baseUrl }: Transport, target: string, headers: Record<string, string>, sha256: Uint8Array | undefined) => {
  if (!signer) return {};
  if (!sha256) throw new Error('an upload is signed with the SHA-256 of its file, which was not given');
  return signed(signer, { method: 'POST', url: `${baseUrl}${target}`, headers, sha256 });
};

/** The same stream, which keeps what it failed with: `fetch` reports that like a broken connection. */
const withFault = (source: ReadableStream<Uint8Array>): { stream: ReadableStream<Uint8Array>; fault: () => unknown } => {
  let fault: unknown = null;
  const reader = source.getReader();
  const stream = new ReadableStream<Uint8Array>({
    pull: async (to) => {
      try {
        const { done, value } = await reader.read();
        if (done) to.close();
        else to.enqueue(value);
      } catch (error) {
        fault = error;
        to.error(error);
      }
    },
    cancel: (reason) => reader.cancel(reason),
  });
  return { stream, fault: () => fault };
};

/**
 * Follows a batch whose file is taken in after the answer, until that has ended, and returns it as it stands then: with content, or
 * `refused` with the errors of the file. `show` gets every progress. When `signal` aborts, it returns the batch as it was seen last.
 */
export const followUpload = async (
  transport: Transport,
  batch: ResponseOf<'show_payout_batch'>,
  show: (batch: ResponseOf<'show_payout_batch'>) => void = () => undefined,
  signal?: AbortSignal,
): Promise<ResponseOf<'show_payout_batch'>> => {
  let last = batch;
  const enough = new AbortController();
  signal?.addEventListener('abort', () => enough.abort(), { once: true });
  while (last.state === 'receiving' && !signal?.aborted) {
    for await (const event of streamEvents(transport, batch.id, enough.signal)) {
      if (event.name !== 'progress') continue;
      last = event.data as ResponseOf<'show_payout_batch'>;
      show(last);
      if (last.state !== 'receiving') break;
    }
  }
  enough.abort();
  return last;
};

/** Lines of the audit export, one JSON record each. Throws Unreachable when the export ends in the middle of a record. */
export async function* exportLines(transport: Transport): AsyncGenerator<string> {
  const response = await withRetries(transport.retry, () => exchange(transport, ROUTES.export_audit.path, { headers: transport.headers }));
  let rest = '';
  for await (const text of textOf(response)) {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  if (rest !== '') throw new Unreachable('the export broke off');
}

/**
 * Events of a batch until it is over. After a lost connection it reconnects and goes on after the last event (`Last-Event-ID`).
 * It gives up after as many failures in a row as the transport has attempts.
 */
export async function* streamEvents(transport: Transport, batchId: string, signal?: AbortSignal): AsyncGenerator<ServerEvent> {
  let lastId: string | null = null;
  for (let failures = 0; failures < transport.retry.attempts; failures++) {
    let failure: unknown = null;
    try {
      const headers = { ...transport.headers, accept: 'text/event-stream', ...(lastId === null ? {} : { 'last-event-id': lastId }) };
      const path = ROUTES.stream_payout_batch_events.path.replace(':batch_id', encodeURIComponent(batchId));
      const response = await exchange(transport, path, { headers, ...(signal ? { signal } : {}) });
      if (response.status === 204) return;
      for await (const event of parseEvents(textOf(response))) {
        failures = 0;
        lastId = event.id ?? lastId;
        yield event;
        if (event.name === 'end') return;
      }
    } catch (error) {
      if (signal?.aborted) return;
      if (error instanceof ProblemError && !error.retryable) throw error;
      if (failures + 1 >= transport.retry.attempts || waitsTooLong(error, transport.retry)) throw error;
      failure = error;
    }
    await transport.retry.sleep(pauseAfter(failure, failures + 1, transport.retry), signal);
  }
}

async function* textOf(response: Response): AsyncGenerator<string> {
  if (!response.body) return;
  const decoder = new TextDecoder();
  try {
    for await (const part of response.body) yield decoder.decode(part, { stream: true });
  } catch (error) {
    throw new Unreachable('the connection was lost', { cause: error });
  }
}

/** One event of a server-sent stream. */
export interface ServerEvent {
  name: string;
  /** Null when the server gave none. */
  id: string | null;
  data: unknown;
}

/** Parses a server-sent event stream (WHATWG HTML §9.2.6) whose data is JSON. Comments and unknown fields are skipped. */
export async function* parseEvents(text: AsyncIterable<string>): AsyncGenerator<ServerEvent> {
  let rest = '';
  let name = '';
  let id: string | null = null;
  let data: string[] = [];
  for await (const part of text) {
    const lines = (rest + part).split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line === '') {
        if (data.length > 0) yield { name: name || 'message', id, data: JSON.parse(data.join('\n')) as unknown };
        name = '';
        id = null;
        data = [];
        continue;
      }
      const colon = line.indexOf(':');
      const field = colon < 0 ? line : line.slice(0, colon);
      const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
      if (field === 'event') name = value;
      else if (field === 'data') data.push(value);
      else if (field === 'id') id = value;
    }
  }
}
