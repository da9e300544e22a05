import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import PostalMime from 'postal-mime';
import { openRelayStore } from '../../db/relay.js';
import type { Letter } from '../../domain/letter.js';
import { openPostman } from '../../mail/postman.js';
import { writeLetter } from '../../operations/mail/write.js';
import { type MailFate, type MailParts, sendDueMail } from '../../relay/mail.js';
import { createLogger } from '../../telemetry/logger.js';
import { openSmtpServer } from '../harness/smtp-server.js';
import { openWorld, type World } from '../world/open.js';

jest.setTimeout(120_000);

/** Letters from the transaction that wrote them, over the relay, to a real mail server. */

let world: World;
let relay: ReturnType<typeof openRelayStore>;
let server: Awaited<ReturnType<typeof openSmtpServer>>;
beforeAll(async () => {
  world = await openWorld();
  relay = openRelayStore(world.database.urls.relay);
  server = await openSmtpServer();
});
afterAll(async () => {
  await server?.close();
  await relay?.close();
  await world?.close();
});

const fates: MailFate[] = [];
const logged: string[] = [];
beforeEach(async () => {
  await world.sql('DELETE FROM mail_message');
  for (const list of [fates, logged, server.taken, server.refusals]) list.length = 0;
});

const LETTER: Letter = { template: 'factor_locked', params: { locked_at: '2026-11-28T13:50:30.123Z', locked_until: '2026-11-28T14:05:30.123Z' } };
const ANA = { name: 'Ana Lopes', email: 'ana@people.example' };
const PROBLEM = `5.1.1 <${ANA.email}>: nobody here is called ${ANA.name}`;

const partsAt = (port: number): MailParts => ({
  queue: relay.mail,
  seal: world.services.mailSeal,
  postman: openPostman({ smtpUrl: `smtp://127.0.0.1:${port}`, from: 'no-reply@pay.example', publicUrl: 'https://pay.example' }),
  count: (fate) => void fates.push(fate),
  log: createLogger('worker', 'trace', { write: (line) => void logged.push(line) }),
  signal: new AbortController().signal,
});
const send = (port = server.port): Promise<number> => sendDueMail(partsAt(port));
const write = (to = ANA) => world.api().inTenant((stores) => writeLetter(world.api(), stores, to, LETTER));
/** What a wait would do. */
const timePasses = () => world.sql('UPDATE mail_message SET next_at = now()');
const left = () =>
  world.sql<{ attempts: number; problem: string | null; dead: boolean; erased: boolean }>(
    'SELECT attempts, problem, dead_at IS NOT NULL AS dead, sealed IS NULL AS erased FROM mail_message',
  );
const messageIds = () => Promise.all(server.taken.map(async ({ raw }) => (await PostalMime.parse(raw)).messageId));

describe('a letter', () => {
  test('is sent once, and nothing of it is left', async () => {
    await write();
    expect(await send()).toBe(1);
    expect(await send()).toBe(0);
    expect(server.taken).toMatchObject([{ to: [ANA.email] }]);
    expect([await left(), fates]).toEqual([[], ['sent']]);
  });

  test('that is put off is sent later, under the same Message-ID', async () => {
    await write();
    server.refusals.push({ at: 'DATA', code: 451, words: PROBLEM });
    await send();
    expect(await left()).toEqual([{ attempts: 1, problem: 'the mail server answered 451 5.1.1 to DATA', dead: false, erased: false }]);
    expect(await send()).toBe(0);
    await timePasses();
    await send();
    expect([server.taken.length, await left(), fates]).toEqual([1, [], ['again', 'sent']]);
  });

  test('waits longer each time, up to an hour', async () => {
    await write();
    const waits: number[] = [];
    for (let i = 0; i < 8; i++) {
      server.refusals.push({ at: 'RCPT', code: 450, words: PROBLEM });
      await send();
      const [row] = await world.sql<{ wait: number }>('SELECT extract(epoch FROM next_at - now())::float8 AS wait FROM mail_message');
      waits.push(Math.ceil((row?.wait ?? 0) / 5) * 5);
      await timePasses();
    }
    expect(waits).toEqual([5, 30, 120, 600, 1_800, 3_600, 3_600, 3_600]);
  });

  test('that is refused for good is given up and erased, and says why', async () => {
    await write();
    server.refusals.push({ at: 'RCPT', code: 550, words: PROBLEM });
    await send();
    expect(await left()).toEqual([{ attempts: 1, problem: 'the mail server answered 550 5.1.1 to RCPT TO', dead: true, erased: true }]);
    await timePasses();
    expect(await send()).toBe(0);
    expect([server.taken, fates]).toEqual([[], ['dead']]);
  });

  test('of which nobody knows whether it arrived is sent again, under the same Message-ID', async () => {
    await write();
    const parts = partsAt(server.port);
    // The process dies between the server's answer and its own note of it.
    await expect(sendDueMail({ ...parts, queue: { ...parts.queue, sent: () => Promise.reject(new Error('died')) } })).rejects.toThrow('died');
    expect(await send()).toBe(0);
    await timePasses();
    await send();
    const [first, second, ...more] = await messageIds();
    expect(more).toEqual([]);
    expect(first).toMatch(/^<[0-9a-f-]{36}@pay\.example>$/);
    expect(second).toBe(first);
    expect(await left()).toEqual([]);
  });

  test('waits while no mail server is there', async () => {
    await write();
    const gone = await openSmtpServer();
    await gone.close();
    await send(gone.port);
    expect(await left()).toMatchObject([{ problem: `the mail server cannot be used: connect ECONNREFUSED 127.0.0.1:${gone.port}`, dead: false }]);
    await timePasses();
    await send();
    expect(server.taken).toHaveLength(1);
  });

  test('that is not worth sending any more is given up unsent', async () => {
    await write();
    await world.sql('UPDATE mail_message SET expires_at = now()');
    await send();
    expect([server.taken, await left()]).toEqual([[], [{ attempts: 1, problem: 'its time is over', dead: true, erased: true }]]);
  });

  test('that does not open waits, because the right key may come back', async () => {
    await write();
    const key = {
      open: () => {
        throw new Error('another key');
      },
    };
    await sendDueMail({ ...partsAt(server.port), seal: key });
    expect(await left()).toMatchObject([{ problem: expect.stringMatching(/^it does not open/), dead: false }]);
    await timePasses();
    await send();
    expect(server.taken).toHaveLength(1);
  });

  test('holds up no other: each has a fate of its own', async () => {
    for (let i = 0; i < 12; i++) await write({ name: 'Ana', email: `ana${i}@people.example` });
    server.refusals.push({ at: 'RCPT', code: 550, words: PROBLEM });
    for (let count = await send(); count > 0; count = await send());
    expect(server.taken).toHaveLength(11);
    expect(new Set(await messageIds()).size).toBe(11);
    expect(fates.toSorted()).toEqual(['dead', ...Array.from({ length: 11 }, () => 'sent')]);
  });
});

test('no log line names an address or a person, whatever the mail server says', async () => {
  for (const refusal of [
    { at: 'RCPT', code: 550 },
    { at: 'RCPT', code: 450 },
    { at: 'DATA', code: 554 },
    { at: 'MAIL', code: 421 },
  ] as const) {
    await world.sql('DELETE FROM mail_message');
    await write();
    server.refusals.push({ ...refusal, words: PROBLEM });
    await send();
  }
  await timePasses();
  await send();
  expect(logged).toHaveLength(5);
  for (const line of logged) {
    expect(JSON.parse(line)).toMatchObject({ template: 'factor_locked', mail_id: expect.any(String), request_id: expect.any(String) });
    expect(line).not.toMatch(/people\.example|Ana|Lopes/);
  }
  const rows = await world.sql<{ line: string }>('SELECT t::text AS line FROM mail_message t');
  expect(rows.map(({ line }) => line).join()).not.toMatch(/people\.example|Ana|Lopes/);
});
