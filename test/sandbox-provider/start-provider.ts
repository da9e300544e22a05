import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export interface Books {
  count: number;
  declined: number;
  duplicates: number;
  totals: { status: string; currency: string; count: number; amount: string }[];
  requests: { taken_in: number; replayed: number; mismatched: number; fenced: number };
  webhooks_pending: number;
}

export interface BookPayment {
  index: number;
  idempotency_key: string;
  status: string;
  version: number;
  amount: number;
  currency: string;
  reason: string | null;
  declined: boolean;
}

export interface Answered {
  status: number;
  headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: a test reads what it expects out of any answer
  body: any;
}

/** The real provider process on a free port, with books in a folder of its own. */
export interface RunningProvider {
  url: string;
  folder: string;
  apiKey: string;
  webhookSecret: string;
  call(method: 'GET' | 'POST', path: string, body?: unknown, headers?: Record<string, string>): Promise<Answered>;
  books(): Promise<Books>;
  payments(): Promise<BookPayment[]>;
  /** kill -9. */
  kill(): Promise<void>;
  /** Starts again on the same books and the same port: a batch is paid through the settings that were signed. */
  restart(): Promise<void>;
  /** Ends it and removes its books. */
  stop(): Promise<void>;
}

export const startProvider = async (env: Record<string, string> = {}): Promise<RunningProvider> => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-provider-'));
  const apiKey = env['PROVIDER_API_KEY'] ?? randomBytes(24).toString('base64url');
  const webhookSecret = `whsec_${randomBytes(32).toString('base64')}`;
  const launch = (port = '0') =>
    launchProvider({ PROVIDER_PORT: port, PROVIDER_DATA_DIR: folder, PROVIDER_API_KEY: apiKey, PROVIDER_WEBHOOK_SECRET: webhookSecret, ...env });
  let running = await launch();
  const end = async (signal: 'SIGKILL' | 'SIGTERM') => {
    if (running.child.exitCode !== null || running.child.signalCode !== null) return;
    const ended = once(running.child, 'exit');
    running.child.kill(signal);
    await ended;
  };
  const provider: RunningProvider = {
    get url() {
      return `http://127.0.0.1:${running.port}`;
    },
    folder,
    apiKey,
    webhookSecret,
    async call(method, path, body, headers = {}) {
      const answer = await fetch(`${provider.url}${path}`, {
        method,
        headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json', ...headers },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await answer.text();
      return { status: answer.status, headers: answer.headers, body: text.startsWith('{') ? safeParse(text) : text };
    },
    books: async () => (await provider.call('GET', '/books')).body,
    async payments() {
      const all: BookPayment[] = [];
      for (let after: number | null = -1; after !== null; ) {
        const page: Answered = await provider.call('GET', `/books/payments?after=${after}&limit=500`);
        all.push(...page.body.data);
        after = page.body.next;
      }
      return all;
    },
    kill: () => end('SIGKILL'),
    async restart() {
      await end('SIGKILL');
      running = await launch(String(running.port));
    },
    async stop() {
      await end('SIGTERM');
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return provider;
};

const launchProvider = async (env: Record<string, string>): Promise<{ child: ChildProcess; port: number }> => {
  const child = spawn(process.execPath, ['--import', 'tsx', '--import', './test/harness/end-with-parent.mjs', 'dev/sandbox-provider/main.ts'], {
    env: { PATH: process.env['PATH'], ...env },
    stdio: 'pipe',
  });
  let errors = '';
  child.stderr.on('data', (text) => {
    errors += text;
  });
  for await (const line of createInterface({ input: child.stdout })) return { child, port: JSON.parse(line).port as number };
  throw new Error(`the sandbox provider did not start:\n${errors}`);
};

const safeParse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
};
