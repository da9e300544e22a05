import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { settingsOf } from './every-command.js';
import { emptyFolder, problemOf } from './run-sluice.js';
import { type Answer, apiOf } from './scripted-api.js';

const CHANGED = { object: 'password_change', changed_at: '2030-01-01T00:00:00Z', ended_sessions: 2 };

/** Signed in as a person at an API that answers a new password with these, one after the other. */
const personAt = async (answers: Answer[], lines: string[]) => {
  const { url, received } = await apiOf(() => answers.shift() ?? problemOf('internal', 500));
  const home = emptyFolder();
  mkdirSync(join(home, 'sluice'));
  writeFileSync(join(home, 'sluice', 'profiles.json'), JSON.stringify({ default: { url, token: 't' } }));
  return { received, ...settingsOf({ SLUICE_URL: url, XDG_CONFIG_HOME: home }, lines) };
};

describe('sluice password', () => {
  test('reads the present one, the new one and a code, and says what has ended', async () => {
    const { run, received, printed, said } = await personAt([{ status: 200, body: CHANGED }], ['the present one', '  new, with blanks  ', '123 456']);
    expect(await run(['password'])).toBe(0);
    expect(received[0]).toMatchObject({ method: 'POST', path: '/v1/session/password' });
    expect(JSON.parse(received[0]?.body ?? '')).toEqual({ password: 'the present one', new_password: '  new, with blanks  ', code: '123456' });
    expect(printed.join('\n')).toBe('The password is changed. Your 2 other sessions have ended.');
    expect([...printed, ...said].join('\n')).not.toMatch(/the present one|new, with blanks/);
  });

  test('names the fault of a new password, and sends nothing twice', async () => {
    const errors = [{ field: 'new_password', reason: 'too_short', message: 'take 12 characters or more' }];
    const { run, received, said } = await personAt([problemOf('password_refused', 422, { errors })], ['present', 'short', '123456']);
    expect(await run(['password'])).toBe(1);
    expect(said.join('\n')).toContain('new_password: take 12 characters or more');
    expect(received).toHaveLength(1);
  });

  test('lacks a line', async () => {
    const { run, received } = await personAt([], ['present']);
    expect([await run(['password']), received.length]).toEqual([2, 0]);
  });

  test('is not for people of the demo, whose passwords stand in its file, and not for keys', async () => {
    const { run, received } = await personAt([], []);
    expect(await run(['--as', 'approver', 'password'])).toBe(2);
    const { url } = await apiOf(() => problemOf('internal', 500));
    const key = settingsOf({ SLUICE_URL: url, SLUICE_API_KEY: 'k' });
    expect(await key.run(['password'])).toBe(2);
    expect(key.said.join('\n')).toContain('it has no password');
    expect(received).toHaveLength(0);
  });
});

/** `script` of util-linux runs a command on a terminal of its own. */
const onTerminal = spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout?.includes('util-linux') ? describe : describe.skip;

onTerminal('on a terminal', () => {
  const running = new Set<ChildProcess>();
  afterEach(() => {
    for (const child of running) child.kill('SIGKILL');
    running.clear();
  });

  /** Types each answer when its prompt is there. Returns what was on the screen. */
  const onScreen = async (url: string, answers: readonly (readonly [prompt: string, typed: string])[]) => {
    const cwd = emptyFolder();
    mkdirSync(join(cwd, 'config', 'sluice'), { recursive: true });
    writeFileSync(join(cwd, 'config', 'sluice', 'profiles.json'), JSON.stringify({ default: { url, token: 't' } }));
    const command = `"${process.execPath}" "${join(process.cwd(), 'bin/sluice.mjs')}" password`;
    const child = spawn('script', ['-qefc', command, '/dev/null'], {
      cwd,
      env: { PATH: process.env['PATH'] ?? '', HOME: cwd, XDG_CONFIG_HOME: join(cwd, 'config'), TERM: 'xterm' },
    });
    running.add(child);
    let screen = '';
    let from = 0;
    const left = [...answers];
    child.stdout.on('data', (part: Buffer) => {
      screen += part;
      const [next] = left;
      const at = next ? screen.indexOf(next[0], from) : -1;
      if (!next || at < 0) return;
      left.shift();
      from = at + next[0].length;
      child.stdin.write(`${next[1]}\r`);
    });
    const code = await new Promise<number | null>((done) => {
      child.once('close', done);
    });
    return { code, screen };
  };

  const asked = (again: string) =>
    [
      ['Present password', 'old words of mine'],
      ['New password', 'nine blue kettles'],
      ['The new password again', again],
      ['Code of your authenticator', '123456'],
    ] as const;

  test('nothing that is typed is shown, and the new one is asked for twice', async () => {
    const { url, received } = await apiOf(() => ({ status: 200, body: CHANGED }));
    const { code, screen } = await onScreen(url, asked('nine blue kettles'));
    expect([code, screen]).toEqual([0, expect.stringContaining('The password is changed.')]);
    expect(screen).not.toMatch(/old words|blue kettles/);
    expect(JSON.parse(received[0]?.body ?? '')).toEqual({ password: 'old words of mine', new_password: 'nine blue kettles', code: '123456' });
  });

  test('two new ones that differ are not sent', async () => {
    const { url, received } = await apiOf(() => ({ status: 200, body: CHANGED }));
    const { code, screen } = await onScreen(url, asked('nine blue kettle'));
    expect([code, screen, received]).toEqual([2, expect.stringContaining('The two new passwords differ; nothing was sent.'), []]);
  });
});
