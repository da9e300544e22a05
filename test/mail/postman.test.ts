import { afterEach, describe, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import PostalMime from 'postal-mime';
import type { Addressee, Letter } from '../../domain/letter.js';
import { mailServerProblem } from '../../mail/check.js';
import { inLine } from '../../mail/in-line.js';
import { openPostman } from '../../mail/postman.js';
import { render } from '../../mail/templates.js';
import type { OutgoingLetter } from '../../operations/mail/ports.js';
import { openSmtpServer, type Refusal } from '../harness/smtp-server.js';

jest.setTimeout(120_000);

const FROM = 'no-reply@pay.example';
const PUBLIC_URL = 'https://pay.example';
const ID = '0198c2aa-7c1e-7b3d-9f10-a4c2e6b80d11';
const LETTER: Letter = {
  template: 'factor_locked',
  params: { locked_at: '2026-11-28T13:50:30.123Z', locked_until: '2026-11-28T14:05:30.123Z' },
};
const ANA: Addressee = { name: 'Ana Lopes', email: 'ana@people.example' };

const letterTo = (to: Addressee): OutgoingLetter => ({ id: ID, createdAt: new Date('2026-11-28T13:50:30.123Z'), to, letter: LETTER });
const patient = () => new AbortController().signal;
const postmanAt = (smtpUrl: string) => openPostman({ smtpUrl, from: FROM, publicUrl: PUBLIC_URL });

const open: { close(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const server of open.splice(0)) await server.close();
});
const serverOf = async (...options: Parameters<typeof openSmtpServer>) => {
  const server = await openSmtpServer(...options);
  open.push(server);
  return server;
};

/** Every header of a letter. Another one would be an injected one. */
const HEADERS = ['auto-submitted', 'content-transfer-encoding', 'content-type', 'date', 'from', 'message-id', 'mime-version', 'subject', 'to'];

describe('a letter over SMTP', () => {
  test('arrives once, as plain text, to one address, under a Message-ID that says which letter it is', async () => {
    const server = await serverOf();
    expect(await postmanAt(`smtp://127.0.0.1:${server.port}`).send(letterTo(ANA), patient())).toEqual({ outcome: 'sent' });
    const [taken, ...more] = server.taken;
    expect(more).toEqual([]);
    expect(taken).toMatchObject({ from: FROM, to: [ANA.email] });
    const { headers, from, to, subject, messageId, date, text, html, attachments } = await PostalMime.parse(taken?.raw ?? '');
    expect(headers.map(({ key }) => key).sort()).toEqual(HEADERS);
    const { subject: ownSubject, text: ownText } = render(LETTER, ANA, PUBLIC_URL);
    expect({ from, to, subject, messageId, html, attachments }).toEqual({
      from: { name: 'Sluice', address: FROM },
      to: [{ name: ANA.name, address: ANA.email }],
      subject: ownSubject,
      messageId: `<${ID}@pay.example>`,
      html: undefined,
      attachments: [],
    });
    expect(date).toBe('2026-11-28T13:50:30.000Z');
    expect(text?.trimEnd()).toBe(ownText.trimEnd());
    expect(headers.find(({ key }) => key === 'content-type')?.value).toMatch(/^text\/plain/);
    expect(headers.find(({ key }) => key === 'auto-submitted')?.value).toBe('auto-generated');
  });

  test('that is sent again is the same to the byte', async () => {
    const server = await serverOf();
    for (let i = 0; i < 2; i++) await postmanAt(`smtp://127.0.0.1:${server.port}`).send(letterTo(ANA), patient());
    const [first, second] = server.taken;
    expect(second).toEqual(first);
    expect(first?.raw).toContain(`<${ID}@pay.example>`);
  });

  test('goes to one address whatever the name, adds no header, and says the name in one line', async () => {
    const server = await serverOf();
    const postman = postmanAt(`smtp://127.0.0.1:${server.port}`);
    const arrives = async (name: string): Promise<void> => {
      expect(await postman.send(letterTo({ ...ANA, name }), patient())).toEqual({ outcome: 'sent' });
      const [taken] = server.taken.splice(0);
      expect(taken?.to).toEqual([ANA.email]);
      const { headers, to, text } = await PostalMime.parse(taken?.raw ?? '');
      expect(headers.map(({ key }) => key).sort()).toEqual(HEADERS);
      expect(to?.map(({ address }) => address)).toEqual([ANA.email]);
      expect(to?.[0]?.name).not.toMatch(/[\p{Cc}\p{Cs}\u202e]/u);
      expect(text?.split('\n')[0]?.trimEnd()).toBe(`Hello ${inLine(name)},`);
    };
    for (const name of [
      '',
      'Ana\r\nBcc: all@example.com',
      'a@b.example, c@d.example',
      '"<x@y.example>"',
      '=?utf-8?Q?=0d=0aBcc:_x?=',
      '山田 太郎 👩‍💻',
    ])
      await arrives(name);
    await fc.assert(fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 120 }), arrives), { numRuns: 60 });
  });
});

describe('what goes wrong', () => {
  const WORDS = `5.1.1 <${ANA.email}>: there is no ${ANA.name} here`;
  test.each<[string, Refusal, 'later' | 'refused', string]>([
    ['an unknown recipient', { at: 'RCPT', code: 550, words: WORDS }, 'refused', 'the mail server answered 550 5.1.1 to RCPT TO'],
    ['a recipient who is put off', { at: 'RCPT', code: 450, words: WORDS }, 'later', 'the mail server answered 450 5.1.1 to RCPT TO'],
    ['a letter that is taken for spam', { at: 'DATA', code: 554, words: WORDS }, 'refused', 'the mail server answered 554 5.1.1 to DATA'],
    ['a full disk', { at: 'DATA', code: 452, words: ANA.email }, 'later', 'the mail server answered 452 to DATA'],
    // It is about us, and somebody can mend it before the letter is too old.
    ['a sender who is refused', { at: 'MAIL', code: 550, words: ANA.email }, 'later', 'the mail server answered 550 to MAIL FROM'],
  ])('%s: it is known whether trying again may help, and nobody is named', async (_, refusal, outcome, problem) => {
    const server = await serverOf();
    server.refusals.push(refusal);
    const postman = postmanAt(`smtp://127.0.0.1:${server.port}`);
    expect(await postman.send(letterTo(ANA), patient())).toEqual({ outcome, problem });
    expect(server.taken).toEqual([]);
    expect(await postman.send(letterTo(ANA), patient())).toEqual({ outcome: 'sent' });
  });

  test('an address with which something could be smuggled in is sent nothing', async () => {
    const server = await serverOf();
    const postman = postmanAt(`smtp://127.0.0.1:${server.port}`);
    for (const email of [
      'ana@people.example\r\nRCPT TO:<b@c.example>',
      'ana@people.example, b@c.example',
      '<ana@people.example>',
      '"a b"@c.example',
      'ana',
      '',
    ])
      expect(await postman.send(letterTo({ ...ANA, email }), patient())).toEqual({
        outcome: 'refused',
        problem: 'the address is none that letters can be sent to',
      });
    expect(server.taken).toEqual([]);
  });

  test('a letter of a newer version waits', async () => {
    const letter = { template: 'of_tomorrow', params: {} } as unknown as Letter;
    expect(await postmanAt('smtp://127.0.0.1:9').send({ ...letterTo(ANA), letter }, patient())).toEqual({
      outcome: 'later',
      problem: 'this version cannot make the letter',
    });
  });

  test('a server that does not answer is not waited for any longer than is asked for', async () => {
    const asked = new AbortController();
    // Whoever goes on waiting meets a server that takes the letter after all.
    const { port } = await serverOf({
      onConnect: (_session, greet) => {
        asked.abort();
        greet(null);
      },
    });
    expect(await postmanAt(`smtp://127.0.0.1:${port}`).send(letterTo(ANA), asked.signal)).toEqual({
      outcome: 'later',
      problem: 'the mail server did not answer in time',
    });
    expect(await postmanAt(`smtp://127.0.0.1:${port}`).send(letterTo(ANA), AbortSignal.abort())).toMatchObject({ outcome: 'later' });
  });

  test('nobody listens', async () => {
    const { port, close } = await openSmtpServer();
    await close();
    expect(await postmanAt(`smtp://127.0.0.1:${port}`).send(letterTo(ANA), patient())).toEqual({
      outcome: 'later',
      problem: `the mail server cannot be used: connect ECONNREFUSED 127.0.0.1:${port}`,
    });
  });
});

describe('credentials', () => {
  const asking = (seen: unknown[]) => ({
    disabledCommands: ['STARTTLS'],
    allowInsecureAuth: true,
    onAuth: ({ username, password }: { username?: string; password?: string }, _: unknown, answer: (error: Error | null, found?: object) => void) => {
      seen.push([username, password]);
      if (password === 'p@ss') answer(null, { user: username });
      else answer(new Error('no'));
    },
  });

  test('are shown to a server that asks, and wrong ones are a reason to try again', async () => {
    const seen: unknown[] = [];
    const server = await serverOf(asking(seen) as never);
    const at = `@127.0.0.1:${server.port}`;
    expect(await postmanAt(`smtp://me:p%40ss${at}`).send(letterTo(ANA), patient())).toEqual({ outcome: 'sent' });
    const wrong = await postmanAt(`smtp://me:other${at}`).send(letterTo(ANA), patient());
    expect(wrong).toMatchObject({ outcome: 'later', problem: expect.stringMatching(/^the mail server answered 535 to AUTH/) });
    expect(seen).toEqual([
      ['me', 'p@ss'],
      ['me', 'other'],
    ]);
    expect(server.taken).toHaveLength(1);
  });

  test('that a server does not ask for are no reason to go on without', async () => {
    const server = await serverOf();
    expect(await postmanAt(`smtp://me:pass@127.0.0.1:${server.port}`).send(letterTo(ANA), patient())).toMatchObject({ outcome: 'later' });
    expect(server.taken).toEqual([]);
  });
});

describe('TLS', () => {
  /** 0.0.0.0 reaches this machine, and is none of its own names. */
  const elsewhere = (scheme: string, port: number): string => `${scheme}://0.0.0.0:${port}`;

  test('nothing is said to a server of another machine that has none', async () => {
    const server = await serverOf();
    const sent = await postmanAt(elsewhere('smtp', server.port)).send(letterTo(ANA), patient());
    expect(sent).toMatchObject({ outcome: 'later', problem: expect.stringContaining('STARTTLS') });
    expect(server.taken).toEqual([]);
  });

  test.each([
    ['STARTTLS', 'smtp', { disabledCommands: ['AUTH'] }],
    ['TLS from the first byte', 'smtps', { disabledCommands: ['AUTH'], secure: true }],
  ])('%s with a certificate that nobody vouches for is refused', async (_, scheme, options) => {
    // The server's own certificate is known to everybody, as it says itself.
    const warned = jest.spyOn(console, 'error').mockImplementation(() => undefined);
    const server = await serverOf(options);
    warned.mockRestore();
    const sent = await postmanAt(elsewhere(scheme, server.port)).send(letterTo(ANA), patient());
    expect(sent).toMatchObject({ outcome: 'later', problem: expect.stringMatching(/certificate/) });
    expect(server.taken).toEqual([]);
  });
});

describe('the check of a mail server', () => {
  test('finds nothing wrong with one that takes letters, and sends none', async () => {
    const server = await serverOf();
    expect(await mailServerProblem(`smtp://127.0.0.1:${server.port}`)).toBeNull();
    expect(server.taken).toEqual([]);
  });

  test('says why one cannot be used', async () => {
    expect(await mailServerProblem('smtp://127.0.0.1:9')).toBe('the mail server cannot be used: connect ECONNREFUSED 127.0.0.1:9');
    const server = await serverOf({
      disabledCommands: ['STARTTLS'],
      allowInsecureAuth: true,
      onAuth: (_auth, _session, answer) => answer(new Error('no')),
    });
    expect(await mailServerProblem(`smtp://me:wrong@127.0.0.1:${server.port}`)).toMatch(/^the mail server answered 535 to AUTH/);
  });
});
