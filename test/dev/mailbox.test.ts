import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { placesIn } from '../../dev/data-folder/places.js';
import { newestMessages, readMessage, storeMessage } from '../../dev/mail-server/mailbox.js';
import { createPageServer } from '../../dev/mail-server/page.js';
import { createSmtpServer } from '../../dev/mail-server/smtp.js';
import { openPostman } from '../../mail/postman.js';
import { runSluice } from '../cli/run-sluice.js';
import { freshFolder } from '../harness/fresh-folder.js';

jest.setTimeout(120_000);

const PASSWORD = randomBytes(18).toString('hex');
const KEY = randomBytes(18).toString('hex');
const LOCKED = { locked_at: '2026-11-28T13:50:30.123Z', locked_until: '2026-11-28T14:05:30.123Z' };

let dataDir: string;
let folder: string;
beforeEach(() => {
  dataDir = freshFolder('mailbox');
  folder = placesIn(dataDir).mail;
  mkdirSync(folder);
});

/** A message as anybody could send one. */
const rawOf = (subject: string, text = 'Hello.', from = 'a@b.example'): Uint8Array =>
  Buffer.from(`From: ${from}\r\nTo: Ana <ana@people.example>\r\nSubject: ${subject}\r\nMessage-ID: <1@b.example>\r\n\r\n${text}\r\n`);
const store = (...input: Parameters<typeof rawOf>): number =>
  storeMessage(folder, { from: 'a@b.example', to: ['ana@people.example'] }, rawOf(...input));

describe('the mailbox', () => {
  test('numbers messages as they arrive, keeps each for its owner alone, and lists the newest first', async () => {
    expect([store('one'), store('two'), store('three')]).toEqual([1, 2, 3]);
    expect(readdirSync(folder).map((name) => statSync(join(folder, name)).mode & 0o777)).toEqual([0o600, 0o600, 0o600]);
    const listed = await newestMessages(folder, 2);
    expect(listed.map(({ number, subject }) => [number, subject])).toEqual([
      [3, 'three'],
      [2, 'two'],
    ]);
    expect(await readMessage(folder, 1)).toMatchObject({
      ...{ number: 1, subject: 'one', to: 'Ana <ana@people.example>', delivered_to: 'ana@people.example', from: 'a@b.example' },
      ...{ message_id: '<1@b.example>', text: expect.stringMatching(/^Hello\./) },
    });
    expect(await readMessage(folder, 4)).toBeNull();
  });

  test('passes over what is no message, and is empty where there is no folder', async () => {
    writeFileSync(join(folder, 'draft-1'), 'half of a message');
    expect(await newestMessages(folder, 9)).toEqual([]);
    expect(await newestMessages(join(folder, 'gone'), 9)).toEqual([]);
  });
});

describe('the local mail server', () => {
  let smtp: ReturnType<typeof createSmtpServer>;
  let port: number;
  beforeEach(async () => {
    smtp = createSmtpServer(folder, PASSWORD);
    smtp.on('error', () => undefined);
    await new Promise<void>((done) => {
      smtp.listen(0, '127.0.0.1', done);
    });
    port = (smtp.server.address() as AddressInfo).port;
  });

  const sendAs = (password: string) =>
    openPostman({ smtpUrl: `smtp://sluice:${password}@127.0.0.1:${port}`, from: 'no-reply@demo.example', publicUrl: 'http://127.0.0.1' }).send(
      { id: 'a', createdAt: new Date(), to: { name: 'Ana', email: 'ana@people.example' }, letter: { template: 'factor_locked', params: LOCKED } },
      new AbortController().signal,
    );
  afterEach(() => new Promise<void>((done) => smtp.close(done)));

  test('takes letters of whoever knows its password, and of nobody else', async () => {
    expect(await sendAs(PASSWORD)).toEqual({ outcome: 'sent' });
    expect(await sendAs('another password')).toMatchObject({ outcome: 'later', problem: expect.stringContaining('535') });
    const listed = await newestMessages(folder, 9);
    expect(listed).toMatchObject([{ number: 1, delivered_to: 'ana@people.example', message_id: '<a@demo.example>' }]);
  });
});

describe('the page', () => {
  let page: ReturnType<typeof createPageServer>;
  let at: (path: string) => Promise<Response>;
  beforeEach(async () => {
    page = createPageServer(folder, KEY);
    await new Promise<void>((done) => {
      page.listen(0, '127.0.0.1', done);
    });
    const { port } = page.address() as AddressInfo;
    at = (path) => fetch(`http://127.0.0.1:${port}${path}`);
  });
  afterEach(() => {
    page.closeAllConnections();
    return new Promise((done) => page.close(done));
  });

  test('shows nothing without its key', async () => {
    store('a secret subject');
    for (const path of ['/', '//', '/1', '//1', `/${KEY.slice(0, -1)}/`, `/${KEY}x/1`, `/x/${KEY}/`, `/${KEY}`]) {
      const answer = await at(path);
      expect({ path, status: answer.status, text: await answer.text() }).toEqual({ path, status: 404, text: 'not found' });
    }
    expect(await (await at(`/${KEY}/`)).text()).toContain('a secret subject');
  });

  test('shows what strangers wrote as text: no markup, no script, no deceiving character', async () => {
    store('<img src=x onerror="alert(1)">', "</pre><script>alert('1')</script>\u202egnp.exe", '"<b>" <a@b.example>');
    for (const path of ['', '1']) {
      const answer = await at(`/${KEY}/${path}`);
      const text = await answer.text();
      expect(answer.status).toBe(200);
      expect(text).not.toMatch(/<(img|script|b)\b|\u202e/);
      expect(text).toContain('&#60;img src=x onerror=&#34;alert(1)&#34;&#62;');
      expect(answer.headers.get('content-security-policy')).toMatch(/^default-src 'none'/);
      expect(answer.headers.get('referrer-policy')).toBe('no-referrer');
      expect(answer.headers.get('cache-control')).toBe('no-store');
    }
    expect(await (await at(`/${KEY}/1`)).text()).toContain('&#60;script&#62;alert(&#39;1&#39;)&#60;/script&#62;\\u{202e}gnp.exe');
    expect((await at(`/${KEY}/2`)).status).toBe(404);
    expect((await at(`/${KEY}/..%2f..%2fkeys.json`)).status).toBe(404);
  });
});

describe('sluice dev mail', () => {
  const MAIL_URL = `http://127.0.0.1:8086/${KEY}/`;
  const run = (...argv: string[]) => runSluice(argv, { env: { SLUICE_DATA_DIR: dataDir } });
  beforeEach(() => {
    writeFileSync(join(dataDir, 'stack.json'), JSON.stringify({ data_dir: dataDir, mail_url: MAIL_URL, people: [] }), { mode: 0o600 });
  });

  test('lists the newest letters first, and says where a browser finds them', async () => {
    store('one');
    store('two\u202e');
    const { code, stdout } = await run('dev', 'mail');
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /NO\. +RECEIVED +TO +SUBJECT\n2 +\S+Z +Ana <ana@people\.example> +two\\u\{202e\}\n1 +\S+Z +Ana <ana@people\.example> +one\n/,
    );
    expect(stdout).toContain(`In a browser: ${MAIL_URL}\n`);
    const json = await run('--json', 'dev', 'mail', 'list');
    expect(JSON.parse(json.stdout)).toMatchObject([{ number: 2 }, { number: 1, subject: 'one', text: expect.stringContaining('Hello.') }]);
  });

  test('shows one letter, and says which it has not', async () => {
    store('one', 'Hello \u001b[2J Ana.');
    const { code, stdout } = await run('dev', 'mail', 'show', '1');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^subject +one$/m);
    expect(stdout).toContain('\n\nHello \\u{1b}[2J Ana.\n');
    expect(JSON.parse((await run('--json', 'dev', 'mail', 'show', '1')).stdout)).toMatchObject({ number: 1, to: 'Ana <ana@people.example>' });
    for (const number of ['2', '0', 'x', '../1'])
      expect(await run('dev', 'mail', 'show', number)).toMatchObject({ code: 1, stderr: expect.stringContaining(`There is no letter ${number}.`) });
  });
});
