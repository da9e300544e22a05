import type { IncomingMessage, ServerResponse } from 'node:http';
import type { z } from 'zod';

/** The answer of a handler. `silence` never answers; `reset` cuts the connection. */
export type Answer =
  | { kind: 'json'; status: number; body: unknown; headers?: Record<string, string> }
  | { kind: 'text'; status: number; text: string }
  | { kind: 'silence' }
  | { kind: 'reset' };

export const json = (status: number, body: unknown, headers: Record<string, string> = {}): Answer => ({ kind: 'json', status, body, headers });

export const problem = (status: number, code: string, message: string, headers: Record<string, string> = {}): Answer =>
  json(status, { error: { code, message } }, headers);

/** The answer to a body or query that does not have its form. */
export const invalid = (error: z.ZodError): Answer => {
  const [issue] = error.issues;
  return problem(400, 'invalid_request', `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'invalid'}`);
};

const BODY_MAX_BYTES = 4 * 1024 * 1024;

/** The complete body, or null when it is too large. */
export const readBody = async (request: IncomingMessage): Promise<Buffer | null> => {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > BODY_MAX_BYTES) return null;
    chunks.push(chunk);
  }
  return chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks);
};

export const send = (response: ServerResponse, answer: Answer): void => {
  switch (answer.kind) {
    case 'json':
      write(response, answer.status, JSON.stringify(answer.body), answer.headers ?? {});
      return;
    case 'text':
      write(response, answer.status, answer.text, {});
      return;
    case 'reset':
      response.socket?.resetAndDestroy();
      return;
    case 'silence':
      return;
  }
};

const write = (response: ServerResponse, status: number, text: string, headers: Record<string, string>): void => {
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text), ...headers });
  response.end(text);
};
