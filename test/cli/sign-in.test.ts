import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { generate } from 'otplib';
import { BATCH, emptyFolder, problemOf, runSluice } from './run-sluice.js';
import { apiOf } from './scripted-api.js';

describe('signing in', () => {
  const SESSION = {
    object: 'session',
    id: 'session_1',
    workspace: { id: 'ws_1', name: 'Demo', mode: 'test' },
    person: { id: 'p', name: 'Ada', email: 'a@b.example', roles: ['auditor'] },
    expires_at: '2030-01-01T00:00:00Z',
  };

  test('login keeps a session in a file that only its owner reads; later commands use it; logout forgets it', async () => {
    const cwd = emptyFolder();
    const { url, received } = await apiOf(({ method, path }) =>
      method === 'POST'
        ? { status: 201, body: { ...SESSION, token: 'sluice_session_T' } }
        : { status: 200, body: path.includes('sessions') ? SESSION : { data: [] } },
    );
    const signIn = await runSluice(['--url', url, 'login', '--email', 'a@b.example'], { cwd, input: 'the password\n123456\n' });
    expect([signIn.code, signIn.stdout.includes('sluice_session_T')]).toEqual([0, false]);
    expect(JSON.parse(received[0]?.body ?? '')).toMatchObject({ email: 'a@b.example', password: 'the password', code: '123456' });
    const file = join(cwd, 'config/sluice/profiles.json');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect((await runSluice(['batch', 'list'], { cwd })).code).toBe(0);
    expect(received.at(-1)?.headers['authorization']).toBe('Bearer sluice_session_T');
    expect((await runSluice(['logout'], { cwd })).code).toBe(0);
    expect(readFileSync(file, 'utf8')).not.toContain('sluice_session_T');
  });

  const SECRET = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP';
  /** A folder with a running stack, in which the command line runs. */
  const besideStack = (url: string): string => {
    const cwd = emptyFolder();
    mkdirSync(join(cwd, '.sluice'));
    const people = [{ role: 'approver', name: 'Ada', email: 'ada@demo.example', password: 'pw', totp_secret: SECRET }];
    writeFileSync(
      join(cwd, '.sluice/stack.json'),
      JSON.stringify({ data_dir: join(cwd, '.sluice'), api_url: url, workspace_id: 'ws_1', api_key: 'sluice_test_K', people }),
    );
    return cwd;
  };

  test('--as signs a person of the local stack in with password and code, and keeps the session', async () => {
    const { url, received } = await apiOf(({ method }) =>
      method === 'POST' ? { status: 201, body: { ...SESSION, token: 'sluice_session_A' } } : { status: 200, body: SESSION },
    );
    const cwd = besideStack(url);
    expect((await runSluice(['whoami', '--as', 'approver'], { cwd })).code).toBe(0);
    expect(JSON.parse(received[0]?.body ?? '')).toMatchObject({ email: 'ada@demo.example', password: 'pw', code: expect.stringMatching(/^\d{6}$/) });
    const signIns = () => received.filter(({ method }) => method === 'POST').length;
    expect((await runSluice(['whoami', '--as', 'approver'], { cwd })).code).toBe(0);
    expect(signIns()).toBe(1);
    expect((await runSluice(['whoami', '--as', 'nobody'], { cwd })).code).toBe(2);
    expect((await runSluice(['whoami'], { cwd })).code).toBe(0);
    expect(received.at(-1)?.headers['authorization']).toBe('Bearer sluice_test_K');
  });

  test('signing in begins with the oldest code that is accepted, so that a newer one is left for the gate', async () => {
    const codes: string[] = [];
    const { url } = await apiOf(({ method, body }) => {
      if (method === 'GET') return { status: 200, body: SESSION };
      codes.push(JSON.parse(body).code);
      return codes.length < 3 ? problemOf('otp_step_used', 409, { retry_after_seconds: 3_000 }) : { status: 201, body: { ...SESSION, token: 'T' } };
    });
    const before = Math.floor(Date.now() / 30_000) - 1;
    await runSluice(['whoami', '--as', 'approver'], { cwd: besideStack(url) });
    const expected = (first: number) => Promise.all([0, 1, 2].map((step) => generate({ secret: SECRET, epoch: (first + step) * 30 })));
    // The time step may have changed since, so the second code is accepted too.
    expect([await expected(before), await expected(before + 1)]).toContainEqual(codes.slice(0, 3));
  });

  test('beside a stack a refusal names somebody to act as', async () => {
    const { url } = await apiOf(() => problemOf('forbidden', 403, { permission: 'payees.hold' }));
    const { stderr } = await runSluice(['payee', 'hold', 'payee_1', '--reason', 'x'], { cwd: besideStack(url) });
    expect(stderr).toContain('next: the same with --as approver');
  });

  test('beside a stack the next step names the role, and is typed as it works from there', async () => {
    const { url } = await apiOf(() => ({ status: 200, body: BATCH }));
    const { stderr } = await runSluice(['batch', 'show', BATCH.id], { cwd: besideStack(url) });
    expect(stderr).toContain(`next: ${join(process.cwd(), 'bin/sluice.mjs')} --as approver batch approve ${BATCH.id}`);
  });
});
