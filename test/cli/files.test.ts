import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from '@jest/globals';
import { fileFailure } from '../../cli/file-failure.js';
import { settingsOf } from './every-command.js';
import { BATCH, emptyFolder, runSluice } from './run-sluice.js';
import { verifierKey } from './sample-proof.js';
import { apiOf } from './scripted-api.js';

const folder = emptyFolder();
mkdirSync(join(folder, 'folder.csv'));
writeFileSync(join(folder, 'proof.json'), '{}');
writeFileSync(join(folder, 'latin-1.json'), Buffer.from('{"a":"M\u00fcller"}', 'latin1'));
const at = (name: string): string => join(folder, name);

/** Every command that reads a file that its user names, with the file left out. */
const READERS: readonly (readonly [string, (file: string) => string[]])[] = [
  ['batch create, a CSV', (file) => ['batch', 'create', file, '--format', 'csv']],
  ['batch create, JSON', (file) => ['batch', 'create', file, '--format', 'json']],
  ['evidence verify', (file) => ['evidence', 'verify', file, '--key', verifierKey]],
  ['evidence verify --key', (file) => ['evidence', 'verify', at('proof.json'), '--key', file]],
  ['batch evidence --verify --key', (file) => ['batch', 'evidence', BATCH.id, '--verify', '--key', file]],
  ['audit verify --key', (file) => ['audit', 'verify', '--key', file]],
  ['audit verify --checkpoint', (file) => ['audit', 'verify', '--key', verifierKey, '--checkpoint', file]],
  ['audit verify --export', (file) => ['audit', 'verify', '--key', verifierKey, '--export', file]],
  [
    'exceptions resolve --references',
    (file) => ['exceptions', 'resolve', 'exc_1', '--choice', 'provider_paid', '--reason', 'r', '--references', file],
  ],
  ['audit trail --checkpoint', (file) => ['audit', 'trail', '--key', verifierKey, '--checkpoint', file]],
];

const asking = async () => {
  const { env, received } = await apiOf(({ path }) =>
    path.includes('/export') ? { events: '{"type":"end"}\n' } : { status: 200, body: { ...BATCH, data: [] } },
  );
  const { run, said } = settingsOf(env);
  return { run, said, writes: () => received.filter(({ method }) => method !== 'GET') };
};

describe.each(READERS)('%s', (_name, argvOf) => {
  test.each([
    ['that is not there', at('nope.csv'), `There is no file ${at('nope.csv')}.`],
    ['that is a folder', at('folder.csv'), `${at('folder.csv')} can't be read: it is a folder (EISDIR).`],
    ['behind what is no folder', at('proof.json/x.csv'), `${at('proof.json/x.csv')} can't be read: a part of its path is no folder (ENOTDIR).`],
  ])('a file %s is said to be so, and nothing is sent', async (_kind, file, says) => {
    const { run, said, writes } = await asking();
    expect(await run(argvOf(file))).toBe(2);
    expect([said.join('\n'), writes()]).toEqual([expect.stringContaining(says), []]);
    expect(said.join('\n')).not.toContain('reached');
  });
});

test.each([
  ['batch create', ['batch', 'create', at('latin-1.json')]],
  ['evidence verify', ['evidence', 'verify', at('latin-1.json'), '--key', verifierKey]],
])('%s of a file that is not UTF-8 changes no name in silence', async (_name, argv) => {
  const { run, said, writes } = await asking();
  expect(await run(argv)).toBe(2);
  expect([said.join('\n'), writes()]).toEqual([expect.stringContaining('is not UTF-8'), []]);
});

test('a byte order mark is no fault of a JSON file, of a proof or of a key', async () => {
  writeFileSync(at('marked.json'), '\ufeff{"items":[]}');
  writeFileSync(at('marked.key'), `\ufeff${verifierKey}\n`);
  const { env, received } = await apiOf(({ method }) => ({ status: method === 'GET' ? 200 : 202, body: BATCH }));
  expect(await settingsOf(env).run(['batch', 'create', at('marked.json')])).toBe(0);
  expect(JSON.parse(received.find(({ method }) => method === 'POST')?.body ?? '')).toEqual({ items: [] });
  const { run, printed } = settingsOf();
  expect(await run(['evidence', 'verify', at('marked.json'), '--key', at('marked.key')])).toBe(1);
  expect(printed.join('\n')).toContain('malformed');
});

test.each([
  ['no text at all', Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0a, 0x00, 0xff, 0x0a, 0x01])],
  ['a JSON document', JSON.stringify({ object: 'evidence', items: [1, 2] }, null, 2)],
  ['a CSV', 'payee_reference,amount\np-1,1.00\n'],
  ['nothing', ''],
])('audit verify of %s says in one line that it is no export', async (_what, content) => {
  writeFileSync(at('no-export'), content);
  const { run, said, printed } = settingsOf();
  expect(await run(['audit', 'verify', '--export', at('no-export'), '--key', verifierKey])).toBe(1);
  expect([printed, said[0]]).toEqual([[], expect.stringContaining('is no export of the audit log.')]);
});

describe('what is written', () => {
  test.each([
    ['into a folder that is not there', 'nope/out.json', 'there is no such file or folder (ENOENT)'],
    ['where a folder is', 'folder.csv', 'it is a folder (EISDIR)'],
  ])('%s is said to fail', async (_name, out, says) => {
    const { run, said } = await asking();
    expect(await run(['batch', 'evidence', BATCH.id, '--out', at(out)])).toBe(1);
    expect(said.join('\n')).toBe(`${at(out)} can't be written: ${says}.`);
    const audit = await asking();
    expect(await audit.run(['audit', 'export', '--out', at(out)])).toBe(1);
    expect(audit.said.join('\n')).toContain(`${at(out)} can't be written: ${says}.`);
  });

  test('a profile that cannot be kept names its file', async () => {
    const { env } = await apiOf(() => ({
      status: 201,
      body: { token: 't', person: { name: 'A', roles: ['admin'] }, workspace: { id: 'ws_1', name: 'W', mode: 'test' }, expires_at: 't' },
    }));
    const { run, said } = settingsOf({ ...env, XDG_CONFIG_HOME: at('proof.json') }, ['p', '123456']);
    expect(await run(['login', '--email', 'a@b.example'])).toBe(2);
    expect(said.join('\n')).toContain(`${at('proof.json/sluice/profiles.json')} can't be read: a part of its path is no folder`);
  });
});

test.each([
  ['ENOSPC', 'write', 'out.json', "out.json can't be written: no space is left (ENOSPC)."],
  ['EACCES', 'read', 'my.csv', "my.csv can't be read: permission is denied (EACCES)."],
  ['EIO', 'read', 'my.csv', "my.csv can't be read: the disk reports an error (EIO)."],
] as const)('%s while a file is %s', (code, doing, path, says) => {
  expect(fileFailure(Object.assign(new Error(code), { code }), path, doing)?.message).toBe(says);
});

test.each(['ECONNREFUSED', 'ECONNRESET', 'ETIMEDOUT', 'ENOTFOUND', 'EPIPE'])('%s is no failure of a file', (code) => {
  expect(fileFailure(Object.assign(new Error(code), { code, syscall: 'read' }))).toBeNull();
});

test.each([
  ['that is no JSON', '{"data_dir":', /stack\.json is no valid JSON\. Fix it or remove it\.\n$/],
  ['that is a folder', null, /stack\.json can't be read: it is a folder \(EISDIR\)\.\n$/],
])('a file of the local stack %s is named, and ends the command in one sentence', async (_kind, content, says) => {
  const cwd = emptyFolder();
  mkdirSync(join(cwd, '.sluice', ...(content === null ? ['stack.json'] : [])), { recursive: true });
  if (content !== null) writeFileSync(join(cwd, '.sluice/stack.json'), content);
  const { code, stderr } = await runSluice(['batch', 'list'], { cwd });
  expect({ code, stderr, lines: stderr.split('\n').length }).toEqual({ code: expect.any(Number), stderr: expect.stringMatching(says), lines: 2 });
  expect(code).not.toBe(0);
});

test('the network is named as such, and so is a server that is not Sluice', async () => {
  const nobody = await runSluice(['batch', 'list'], { env: { SLUICE_URL: 'http://127.0.0.1:9', SLUICE_API_KEY: 'k' } });
  expect([nobody.code, nobody.stderr]).toEqual([1, expect.stringMatching(/^http:\/\/127\.0\.0\.1:9 can't be reached: .*\nnext: sluice doctor\n$/)]);
});

test('a file that changes while it is sent is not taken for the whole file', async () => {
  const file = at('growing.csv');
  writeFileSync(file, `payee_reference,amount\n${'p-1,1.00\n'.repeat(1_000_000)}`);
  let whole: boolean | null = null;
  const server = createServer((req, res) => {
    if (req.method === 'GET') return res.writeHead(200, { 'content-type': 'application/json' }).end('{"data":[{"currency":"EUR"}]}');
    req.pause();
    writeFileSync(file, 'p-2,2.00\n', { flag: 'a' });
    whole = false;
    text(req).then(
      () => {
        whole = true;
        res.writeHead(400).end();
      },
      () => {},
    );
    return res;
  });
  await new Promise<void>((done) => {
    server.listen(0, '127.0.0.1', done);
  });
  const { run, said } = settingsOf({ SLUICE_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, SLUICE_API_KEY: 'k' });
  expect(await run(['batch', 'create', file])).toBe(1);
  server.closeAllConnections();
  server.close();
  expect([whole, said.join('\n')]).toEqual([false, expect.stringContaining(`${file} changed while it was sent`)]);
});

describe('standard output and standard error', () => {
  const shell = (command: string) =>
    spawnSync('bash', ['-c', command.replaceAll('sluice', `"${process.execPath}" bin/sluice.mjs`)], { encoding: 'utf8' });

  test('a full device is said in one sentence, and exits 1', () => {
    const { status, stderr } = shell('sluice --help > /dev/full');
    expect({ status, stderr }).toEqual({ status: 1, stderr: "Standard output can't be written: no space is left (ENOSPC).\n" });
  });

  test('messages that nobody can read end nothing', () => {
    expect(shell('sluice nope 2> /dev/full').status).toBe(2);
    expect(shell('sluice nope 2>&-').status).toBe(2);
  });
});
