import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { passkeyPage } from '../../cli/passkey-page.js';
import { settingsOf } from './every-command.js';
import { BATCH, emptyFolder, PERSON, runSluice } from './run-sluice.js';
import { apiOf } from './scripted-api.js';

const WORKSPACE = 'ws_0198c2aa7c1e7b3d9f10a4c2e6b80d44';
const GATE = { gate: 'approve', person_id: PERSON.person_id, opened_by: { ...PERSON, api_key: null }, opened_at: '2026-01-01T00:01:00Z' };
const OPENED = { ...BATCH, state: 'approved', gates: [GATE] };
const progress = (batch: object) => `event: progress\ndata: ${JSON.stringify(batch)}\n\n`;

/** An API with this batch, whose stream says these batches and stays open. */
const streaming = (batch: object, ...later: object[]) =>
  apiOf(({ path }) => (path.endsWith('/events') ? { events: later.map(progress).join(''), open: true } : { status: 200, body: batch }));

test('a page is at the address of the API, and this machine is called by its name', () => {
  expect(passkeyPage('http://127.0.0.1:8080', 'passkeys')).toBe('http://localhost:8080/passkeys');
  expect(passkeyPage('http://[::1]:8080/', 'passkeys')).toBe('http://localhost:8080/passkeys');
  expect(passkeyPage('https://pay.example/sluice', 'passkeys/gate', { batch: 'batch_1', gate: 'approve' })).toBe(
    'https://pay.example/sluice/passkeys/gate?batch=batch_1&gate=approve',
  );
});

describe('batch approve --passkey', () => {
  test('prints the page, waits until somebody has opened the gate, and says who', async () => {
    const { env, url, received } = await streaming(BATCH, BATCH, { ...BATCH, content_version: 2 }, OPENED);
    const { code, stdout, stderr } = await runSluice(['batch', 'approve', BATCH.id, '--passkey'], { env });
    expect([code, stderr]).toEqual([
      0,
      expect.stringContaining(`${url.replace('127.0.0.1', 'localhost')}/passkeys/gate?batch=${BATCH.id}&gate=approve\n`),
    ]);
    expect(stderr).toMatch(/Waiting for the gate to open…[\s\S]*The batch was edited\.[\s\S]*is open, by Ada Lovelace \(approver\)\./);
    expect(stderr).toContain('batch authorize');
    expect(stdout).toMatch(/^state +approved$/m);
    expect(received.filter(({ method }) => method !== 'GET')).toEqual([]);
  });

  test('a gate that is open already is said to be, and nobody waits', async () => {
    const { env, received } = await streaming(OPENED);
    const { code, stdout, stderr } = await runSluice(['--json', 'batch', 'approve', BATCH.id, '--passkey'], { env });
    expect([code, stderr]).toEqual([0, expect.stringContaining('approve of batch_0198c2aa7c1e7b3d9f10a4c2e6b80d11 is open, by Ada Lovelace')]);
    expect([JSON.parse(stdout), stderr]).toEqual([OPENED, expect.not.stringContaining('/passkeys/gate')]);
    expect(received.some(({ path }) => path.endsWith('/events'))).toBe(false);
  });

  test('a batch that is not at the gate, or leaves it otherwise, ends it with exit code 1', async () => {
    const early = await streaming(BATCH);
    const authorize = await runSluice(['batch', 'authorize', BATCH.id, '--passkey'], { env: early.env });
    expect([authorize.code, authorize.stderr]).toEqual([1, expect.stringContaining('authorize needs a batch in state approved; it is queued.')]);
    const rejected = await streaming(BATCH, BATCH, { ...BATCH, state: 'rejected' });
    const approve = await runSluice(['batch', 'approve', BATCH.id, '--passkey'], { env: rejected.env });
    expect([approve.code, approve.stderr]).toEqual([1, expect.stringContaining('approve needs a batch in state queued; it is rejected.')]);
  });

  test('Ctrl-C ends the waiting and changes nothing', async () => {
    const { env, received } = await streaming(BATCH, BATCH);
    const { code, stderr } = await runSluice(['batch', 'approve', BATCH.id, '--passkey'], { env, breakOff: /Waiting for the gate/ });
    expect([code, stderr]).toEqual([130, expect.stringMatching(/nothing was changed\. The page still works[\s\S]*next: sluice .*batch show/)]);
    expect(received.filter(({ method }) => method !== 'GET')).toEqual([]);
  });
});

describe('as a person', () => {
  const asPerson = async () => {
    const { url } = await apiOf(({ path }) =>
      path === '/v1/sessions/current' ? { status: 200, body: { object: 'session', workspace: { id: WORKSPACE } } } : { status: 200, body: OPENED },
    );
    const home = emptyFolder();
    mkdirSync(join(home, 'sluice'));
    writeFileSync(join(home, 'sluice', 'profiles.json'), JSON.stringify({ default: { url, token: 't' } }));
    return { page: url.replace('127.0.0.1', 'localhost'), ...settingsOf({ XDG_CONFIG_HOME: home }) };
  };

  test('factors add --passkey prints the page, with the workspace that is worked in', async () => {
    const { run, printed, said, page } = await asPerson();
    expect(await run(['factors', 'add', '--passkey'])).toBe(0);
    expect(printed).toEqual([`${page}/passkeys?workspace=${WORKSPACE}`]);
    expect(said.join('\n')).toContain('sign in there');
    const data = await asPerson();
    expect(await data.run(['--json', 'factors', 'add', '--passkey'])).toBe(0);
    expect(JSON.parse(data.printed.join('\n'))).toEqual({ url: `${data.page}/passkeys?workspace=${WORKSPACE}` });
  });
});
