import { Agent, type Dispatcher, request } from 'undici';
import type { OpenConnection } from '../../operations/ports.js';
import type { SandboxSettings } from './settings.js';

/** What came back. Without a status there is no answer: the request may have arrived or not. */
export type HttpAnswer = { kind: 'answer'; status: number; body: unknown; retryAfterMs: number | null } | { kind: 'no_answer'; reason: string };

export interface HttpCall {
  method: 'GET' | 'POST';
  path: string;
  body?: string;
  headers?: Record<string, string>;
}

const MOST_ANSWER_BYTES = 16 * 1024 * 1024;

/** Keep-alive connections to any number of providers. Idle ones don't keep the process alive. */
export const createDispatcher = (): Dispatcher =>
  new Agent({ connections: 256, pipelining: 1, keepAliveTimeout: 10_000, maxResponseSize: MOST_ANSWER_BYTES, connect: { timeout: 2_000 } });

/** One call; never throws. Redirects are not followed: money goes where the connection says, or nowhere. */
export const callProvider = async (
  dispatcher: Dispatcher,
  connection: OpenConnection,
  settings: SandboxSettings,
  call: HttpCall,
): Promise<HttpAnswer> => {
  const headers = { authorization: `Bearer ${connection.credentials.apiKey}`, 'content-type': 'application/json', ...call.headers };
  const signal = AbortSignal.timeout(settings.timeout_ms);
  try {
    const response = await request(`${settings.base_url}${call.path}`, { method: call.method, headers, body: call.body ?? null, signal, dispatcher });
    const text = await response.body.text();
    return { kind: 'answer', status: response.statusCode, body: parse(text), retryAfterMs: retryAfter(response.headers['retry-after']) };
  } catch {
    return { kind: 'no_answer', reason: signal.aborted ? 'timed_out' : 'connection_lost' };
  }
};

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** RFC 9110, section 10.2.3: seconds, or a date. Null when it is absent or neither. */
const retryAfter = (header: string | string[] | undefined): number | null => {
  if (typeof header !== 'string') return null;
  if (/^\d{1,9}$/.test(header)) return Number(header) * 1000;
  const at = Date.parse(header);
  return Number.isNaN(at) ? null : Math.max(0, at - Date.now());
};
