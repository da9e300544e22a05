import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from '@jest/globals';
import { asTest, type Declare } from './declare.js';
import { releaseBy, varied } from './kit.js';
import type { RailUnderTest } from './rail-under-test.js';

type Answer = (response: ServerResponse, path: string) => void;

const REFUSALS = [400, 402, 403, 404, 405, 406, 408, 409, 410, 411, 412, 413, 414, 415, 417, 418, 421, 422, 423, 424, 425, 426, 428, 431, 451, 499];
const BODIES = ['', '{}', '<html>not here</html>', '{"error":{"code":"never_heard_of","message":"no"}}', '{"error":"no"}', '[]', 'null'];

/** What every rail must make of answers that its table does not have, whoever gives them: a proxy, a firewall, another provider (R4). */
export const provesStrangeAnswers = (ready: () => RailUnderTest, settings: Record<string, string | number>, check: Declare = asTest): void => {
  /** Sends two payments to a server that answers everything in this way; what the rail says of them, and how many requests came. */
  const sendTo = async (answer: Answer, kind: 'first' | 'resend' = 'first') => {
    let requests = 0;
    const server = createServer((request, response) => {
      requests += 1;
      request.resume().on('end', () => answer(response, request.url ?? '/'));
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const { port } = server.address() as AddressInfo;
    const payments = [varied(ready(), 'paid'), varied(ready(), 'paid')];
    const connection = ready().connection({ ...settings, base_url: `http://127.0.0.1:${port}` });
    try {
      const outcomes = await releaseBy(ready(), connection, payments, kind);
      const lookups = await ready().rail.lookup(connection, [payments[0]?.key ?? ''], new Map([[payments[0]?.key ?? '', 1e12]]));
      return { said: outcomes.map(({ outcome }) => outcome), found: lookups[0]?.answer.kind, requests, keys: payments.map(({ key }) => key) };
    } finally {
      server.closeAllConnections();
      server.close();
    }
  };
  const nothingKnown = { said: ['unknown', 'unknown'], found: 'unavailable' };

  check('a refusal that the rail’s table does not have is unknown and never failed, whatever stands in it', async () => {
    for (const status of REFUSALS) {
      const body = BODIES[status % BODIES.length] ?? '';
      for (const text of status === 422 ? BODIES : [body])
        expect([status, text, await sendTo((response) => response.writeHead(status, { 'content-type': 'application/json' }).end(text))]).toEqual([
          status,
          text,
          expect.objectContaining(nothingKnown),
        ]);
    }
  });

  check('a success without its body says nothing either', async () => {
    for (const status of [200, 201, 202, 204, 206])
      for (const text of status === 204 ? [''] : BODIES) {
        const { said } = await sendTo((response) => response.writeHead(status, { 'content-type': 'application/json' }).end(text));
        expect([status, text, said]).toEqual([status, text, nothingKnown.said]);
      }
  });

  check('a redirect is not followed: money goes where the connection says, or nowhere', async () => {
    const real = String(ready().connection(settings).settings['base_url']);
    for (const status of [301, 302, 303, 307, 308]) {
      const { said, keys } = await sendTo((response, path) => response.writeHead(status, { location: `${real}${path}` }).end());
      expect([status, said]).toEqual([status, nothingKnown.said]);
      expect(await ready().acceptances(keys)).toEqual([0, 0]);
    }
  });

  check('an answer without an end is given up', async () => {
    const { said } = await sendTo((response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      const timer = setInterval(() => response.write(' '.repeat(1024)), 50);
      response.on('close', () => clearInterval(timer));
    });
    expect(said).toEqual(nothingKnown.said);
  });
};
