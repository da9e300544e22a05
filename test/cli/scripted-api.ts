import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach } from '@jest/globals';

export interface Received {
  method: string;
  path: string;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

/** An answer with a body, JSON lines, a stream of events, which `open` leaves open, or none at all. */
export type Answer =
  | { status: number; body: unknown; headers?: Record<string, string> }
  | { lines: readonly object[] }
  | { events: string; open?: true }
  | 'silence';
export type Answers = (request: Received) => Answer;

const running = new Set<() => void>();
afterEach(() => {
  for (const close of running) close();
  running.clear();
});

/** An API that gives the answers of a test and records the requests, and the environment of a command that talks to it. It ends with the test. */
export const apiOf = async (answers: Answers) => {
  const received: Received[] = [];
  const server = createServer(async (req, res) => {
    const request = { method: req.method ?? '', path: req.url ?? '', headers: req.headers, body: await text(req) };
    received.push(request);
    const answer = answers(request);
    if (answer === 'silence') return;
    if ('events' in answer) {
      res.writeHead(200, { 'content-type': 'text/event-stream' }).write(answer.events);
      if (!answer.open) res.end();
      return;
    }
    if ('lines' in answer) {
      res.writeHead(200, { 'content-type': 'application/jsonl' }).end(answer.lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
      return;
    }
    const type = answer.status < 400 ? 'application/json' : 'application/problem+json';
    res.writeHead(answer.status, { 'content-type': type, ...answer.headers }).end(JSON.stringify(answer.body));
  });
  await new Promise<void>((done) => {
    server.listen(0, '127.0.0.1', done);
  });
  running.add(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url, received, env: { SLUICE_URL: url, SLUICE_API_KEY: 'sluice_test_key' } };
};
