import { Agent, type Dispatcher } from 'undici';
import type { OpenConnection } from '../../operations/rail.js';
import type { SandboxSettings } from './settings.js';

/** What came back. Without a status there is no answer, and the request may have arrived or not. */
export type HttpAnswer = { kind: 'answer'; status: number; body: unknown; retryAfterMs: number | null } | { kind: 'no_answer'; reason: string };

/** A connection to call by. */
export interface Caller {
  dispatcher: Dispatcher;
  connection: OpenConnection;
  settings: SandboxSettings;
}

export interface HttpCall {
  method: 'GET' | 'POST';
  path: string;
  body?: string;
  headers?: Record<string, string>;
}

const ANSWER_MAX_BYTES = 16 * 1024 * 1024;

/** Keep-alive connections to any number of providers. Idle ones don't keep the process alive. */
export const createDispatcher = (): Dispatcher =>
  new Agent({ connections: 256, pipelining: 1, keepAliveTimeout: 10_000, maxResponseSize: ANSWER_MAX_BYTES, connect: { timeout: 2_000 } });

/**
 * One call; never throws. Redirects are not followed: money goes where the rail connection says, or nowhere. It calls the dispatcher
 * directly, because a stream, a parsed URL and an abort signal for every payment cost as much CPU as sending it does.
 */
export const callProvider = (dispatcher: Dispatcher, connection: OpenConnection, settings: SandboxSettings, call: HttpCall): Promise<HttpAnswer> =>
  new Promise((resolve) => {
    const { origin, prefix } = placeOf(settings.base_url);
    const received: Buffer[] = [];
    let head: { status: number; retryAfterMs: number | null } | null = null;
    let sending: Dispatcher.DispatchController | null = null;
    let late = false;
    const end = (answer: HttpAnswer): void => {
      clearTimeout(timer);
      resolve(answer);
    };
    const timer = setTimeout(() => {
      late = true;
      sending?.abort(new Error('timed out'));
      end({ kind: 'no_answer', reason: 'timed_out' });
    }, settings.timeout_ms);
    const handler: Dispatcher.DispatchHandler = {
      onRequestStart: (controller) => {
        sending = controller;
        // The call got its connection only after its time-out.
        if (late) controller.abort(new Error('timed out'));
      },
      onResponseStart: (_, status, headers) => {
        // An interim answer (1xx) is followed by the final one.
        head = { status, retryAfterMs: retryAfter(headers['retry-after']) };
      },
      onResponseData: (_, chunk) => {
        received.push(chunk);
      },
      onResponseEnd: () => {
        if (head) end({ kind: 'answer', ...head, body: parse(Buffer.concat(received).toString()) });
      },
      onResponseError: () => end({ kind: 'no_answer', reason: 'connection_lost' }),
    };
    const headers = { authorization: `Bearer ${connection.credentials.apiKey}`, 'content-type': 'application/json', ...call.headers };
    try {
      dispatcher.dispatch({ origin, path: `${prefix}${call.path}`, method: call.method, headers, body: call.body ?? null }, handler);
    } catch {
      end({ kind: 'no_answer', reason: 'connection_lost' });
    }
  });

/** The last base URL in its parts, because thousands of calls in a row go to the same one. */
let last: { url: string; origin: string; prefix: string } | null = null;

const placeOf = (url: string): { origin: string; prefix: string } => {
  if (last?.url !== url) {
    const { origin, pathname } = new URL(url);
    last = { url, origin, prefix: pathname.replace(/\/+$/, '') };
  }
  return last;
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
