import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createClient } from '../../client/client.js';
import { ProblemError, Unreachable } from '../../client/problem-error.js';
import { parseEvents, type ServerEvent, streamEvents } from '../../client/stream.js';

const answered = (status: number, body: unknown, headers: Record<string, string> = {}) =>
  new Response(JSON.stringify(body), {
    status,
    headers: { 'content-type': status < 400 ? 'application/json' : 'application/problem+json', ...headers },
  });
const problemOf = (code: string, status: number) => ({ type: 't', title: code, status, detail: code, code, request_id: 'r' });

const scripted = (...answers: (Response | Error)[]) => {
  const waits: number[] = [];
  const sent: { url: string; init: RequestInit }[] = [];
  const pauses: number[] = [];
  const client = createClient({
    baseUrl: 'http://api/',
    token: 'secret',
    fetch: (async (url: string, init: RequestInit) => {
      sent.push({ url, init });
      const next = answers.shift();
      if (!next) throw new Error('no more answers');
      if (next instanceof Error) throw next;
      return next;
    }) as typeof fetch,
    retry: { sleep: async (ms) => void pauses.push(ms), onRateWait: (ms) => void waits.push(ms) },
  });
  return { client, sent, pauses, waits, keyOf: (index: number) => new Headers(sent[index]?.init.headers).get('idempotency-key') };
};

describe('requests', () => {
  test('the flat input is split into path, query and body by the contract', async () => {
    const { client, sent } = scripted(answered(200, { object: 'list' }), answered(201, {}));
    await client.list_payout_items({ batch_id: 'batch_1', state: 'paid', limit: 5 });
    await client.ask_challenge({ batch_id: 'batch/2', gate: 'approve' });
    expect(sent[0]?.url).toBe('http://api/v1/payout-batches/batch_1/items?limit=5&state=paid');
    expect(sent[1]?.url).toBe('http://api/v1/payout-batches/batch%2F2/challenges');
    expect(sent[1]?.init.body).toBe('{"gate":"approve"}');
    expect(new Headers(sent[0]?.init.headers).get('authorization')).toBe('Bearer secret');
  });
});

describe('retries', () => {
  test('a lost answer, 503 and a request in flight are sent again under the same key', async () => {
    const { client, sent, pauses, keyOf } = scripted(
      new TypeError('fetch failed'),
      answered(503, problemOf('not_ready', 503), { 'retry-after': '2' }),
      answered(409, problemOf('idempotency_in_flight', 409)),
      answered(200, { object: 'payout_batch' }),
    );
    await client.submit_payout_batch({ batch_id: 'b' });
    expect(sent).toHaveLength(4);
    expect(new Set([0, 1, 2, 3].map(keyOf)).size).toBe(1);
    expect(keyOf(0)).toBeTruthy();
    expect(pauses[1]).toBe(2_000);
  });

  test('a request in flight is asked for much longer than a network that fails', async () => {
    const { client, sent } = scripted(...Array.from({ length: 20 }, () => answered(409, problemOf('idempotency_in_flight', 409))), answered(200, {}));
    await client.submit_payout_batch({ batch_id: 'b' });
    expect(sent).toHaveLength(21);
  });

  test.each(['otp_step_used', 'wrong_state', 'code_wrong'])("%s is the caller's to decide on", async (code) => {
    const { client, sent } = scripted(answered(409, { ...problemOf(code, 409), retry_after_seconds: 7 }));
    const error = await client.submit_payout_batch({ batch_id: 'b' }).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ProblemError);
    expect((error as ProblemError).retryAfterMs).toBe(7_000);
    expect(sent).toHaveLength(1);
  });

  test('too many requests are waited for as long as the server says, under the same key, and the caller is told', async () => {
    const tooMany = () => answered(429, problemOf('rate_limited', 429), { 'retry-after': '42' });
    const { client, pauses, waits, keyOf } = scripted(tooMany(), tooMany(), answered(201, {}));
    await client.create_payee({ reference: 'p', name: 'Ada', country: 'DE' });
    expect([pauses, waits]).toEqual([
      [42_000, 42_000],
      [42_000, 42_000],
    ]);
    expect(new Set([0, 1, 2].map(keyOf)).size).toBe(1);
  });

  test("a wait of more than a minute and a half is the caller's to decide on", async () => {
    const { client, sent, waits } = scripted(answered(429, problemOf('rate_limited', 429), { 'retry-after': '91' }));
    const error = await client.list_payees({}).catch((caught: unknown) => caught);
    expect([(error as ProblemError).retryAfterMs, sent.length, waits]).toEqual([91_000, 1, []]);
  });

  test('a code is over after the wait: neither a gate nor a sign-in is sent again with it', async () => {
    const tooMany = () => answered(429, problemOf('rate_limited', 429), { 'retry-after': '1' });
    const { client, sent } = scripted(tooMany(), tooMany(), tooMany());
    const code = '123456';
    await expect(client.approve_payout_batch({ batch_id: 'b', challenge_id: 'c', code })).rejects.toBeInstanceOf(ProblemError);
    await expect(client.confirm_proposal({ proposal_id: 'p', challenge_id: 'c', code })).rejects.toBeInstanceOf(ProblemError);
    await expect(client.create_session({ email: 'a@b.example', password: 'p', code })).rejects.toBeInstanceOf(ProblemError);
    expect(sent).toHaveLength(3);
  });

  test('a stream waits like any other request', async () => {
    const { client, pauses } = scripted(
      answered(429, problemOf('rate_limited', 429), { 'retry-after': '7' }),
      new Response('event: end\ndata: {}\n\n', { headers: { 'content-type': 'text/event-stream' } }),
    );
    const seen = [];
    for await (const { name } of streamEvents(client.transport, 'batch_1')) seen.push(name);
    expect([seen, pauses]).toEqual([['end'], [7_000]]);
  });

  test('recovery mode is a 503 that is not retried, because waiting does not end it', async () => {
    const { client, sent } = scripted(answered(503, problemOf('recovery_mode', 503)));
    await expect(client.submit_payout_batch({ batch_id: 'b' })).rejects.toBeInstanceOf(ProblemError);
    expect(sent).toHaveLength(1);
  });

  test('a sign-in spends its code and is sent once', async () => {
    const { client, sent } = scripted(new TypeError('fetch failed'));
    await expect(client.create_session({ email: 'a@b.example', password: 'p', code: '123456' })).rejects.toBeInstanceOf(Unreachable);
    expect(sent).toHaveLength(1);
  });

  test('an answer that is no problem document is not from Sluice', async () => {
    const { client } = scripted(new Response('<html>', { status: 404, headers: { 'content-type': 'text/html' } }));
    await expect(client.create_session({ email: 'a@b.example', password: 'p', code: '123456' })).rejects.toBeInstanceOf(Unreachable);
  });
});

test('server-sent events are the same however the text is cut into pieces', async () => {
  const text = ':hello\nretry:2000\n\nevent:audit\nid:7\ndata:{"a":1}\n\nevent: progress\ndata: {"b":\ndata: 2}\n\n:\n\n';
  const expected: ServerEvent[] = [
    { name: 'audit', id: '7', data: { a: 1 } },
    { name: 'progress', id: null, data: { b: 2 } },
  ];
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }), fc.constantFrom('\n', '\r\n'), async (cuts, end) => {
      const whole = text.replaceAll('\n', end);
      const pieces = async function* () {
        for (let at = 0, turn = 0; at < whole.length; turn++) {
          const size = cuts[turn % cuts.length] ?? 1;
          yield whole.slice(at, at + size);
          at += size;
        }
      };
      const seen: ServerEvent[] = [];
      for await (const event of parseEvents(pieces())) seen.push(event);
      expect(seen).toEqual(expected);
    }),
  );
});
