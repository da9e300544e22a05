import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { settingsOf } from './every-command.js';
import { emptyFolder, PERSON, problemOf } from './run-sluice.js';
import { type Answer, apiOf } from './scripted-api.js';

const INVITATION = {
  ...{ object: 'invitation', id: 'invitation_0198c2aa7c1e7b3d9f10a4c2e6b80d11', email: 'nina@example.com', name: 'nina', roles: ['auditor'] },
  ...{ invited_by: { person_id: PERSON.person_id, name: PERSON.name }, created_at: '2030-01-01T00:00:00Z', expires_at: '2030-01-02T00:00:00Z' },
  revoked_at: null,
};
const ACCEPTED = {
  object: 'accepted_invitation',
  workspace: { id: 'ws_0198c2aa7c1e7b3d9f10a4c2e6b80d11', name: 'Demo', mode: 'test' },
  person: { object: 'person', id: PERSON.person_id, name: 'Nina', email: 'nina@example.com', roles: ['auditor'], active: true, email_verified: true },
  new_account: true,
};
const LINK = 'https://pay.example.com/#token=sluice_link_abc';

const at = async (answers: Answer[], lines: string[] = []) => {
  const { url, received } = await apiOf(() => answers.shift() ?? problemOf('internal', 500));
  const home = emptyFolder();
  mkdirSync(join(home, 'sluice'));
  writeFileSync(join(home, 'sluice', 'profiles.json'), JSON.stringify({ default: { url, token: 't' } }));
  const settings = settingsOf({ SLUICE_URL: url, XDG_CONFIG_HOME: home }, lines);
  return { received, bodyOf: (place = 0) => JSON.parse(received[place]?.body ?? '{}'), ...settings };
};

describe('sluice invite', () => {
  test('sends address, name and roles, and says until when', async () => {
    const { run, received, bodyOf, printed } = await at([{ status: 201, body: INVITATION }]);
    expect(await run(['invite', 'nina@example.com', '--role', 'auditor', 'viewer'])).toBe(0);
    expect(received[0]).toMatchObject({ method: 'POST', path: '/v1/invitations' });
    expect(bodyOf()).toEqual({ email: 'nina@example.com', name: 'nina', roles: ['auditor', 'viewer'] });
    expect(printed.join('\n')).toMatch(/until +2030-01-02/);
  });

  test('needs a role', async () => {
    const { run, received } = await at([]);
    expect([await run(['invite', 'nina@example.com']), received.length]).toEqual([2, 0]);
  });
});

describe('sluice invitations', () => {
  const page = { status: 200, body: { object: 'list', data: [INVITATION], has_more: false, next_cursor: null } };

  test('lists the open ones with who invited', async () => {
    const { run, printed } = await at([page]);
    expect(await run(['invitations'])).toBe(0);
    expect(printed.join('\n')).toMatch(/nina@example.com .*auditor .*Ada Lovelace/);
  });

  test('withdraws one by its address', async () => {
    const { run, received } = await at([page, { status: 200, body: { ...INVITATION, revoked_at: '2030-01-01T01:00:00Z' } }]);
    expect(await run(['invitations', 'revoke', 'Nina@example.com'])).toBe(0);
    expect(received[1]).toMatchObject({ method: 'DELETE', path: `/v1/invitations/${INVITATION.id}` });
  });

  test('says when none of an address is open', async () => {
    const { run, said } = await at([page]);
    expect(await run(['invitations', 'revoke', 'ben@example.com'])).toBe(1);
    expect(said.join('\n')).toContain('No invitation of ben@example.com is open here.');
  });
});

describe('sluice accept', () => {
  test('takes the whole link and a password from standard input, as nobody, and shows neither', async () => {
    const { run, received, bodyOf, printed, said } = await at([{ status: 201, body: ACCEPTED }], [LINK, 'four words of mine']);
    expect(await run(['accept', '--name', 'Nina'])).toBe(0);
    expect(received[0]?.path).toBe('/v1/invitations/accept');
    expect(received[0]?.headers['authorization']).toBeUndefined();
    expect(bodyOf()).toEqual({ token: 'sluice_link_abc', password: 'four words of mine', name: 'Nina' });
    expect([...printed, ...said].join('\n')).not.toMatch(/four words|sluice_link/);
    expect(said.join('\n')).toContain('sluice login --email nina@example.com');
  });

  test('of somebody who has an account takes its password, and a code if there is one', async () => {
    for (const [lines, code] of [
      [[LINK, 'mine', '123 456'], { code: '123456' }],
      [[LINK, 'mine'], {}],
    ] as const) {
      const { run, bodyOf } = await at([{ status: 201, body: { ...ACCEPTED, new_account: false } }], [...lines]);
      expect(await run(['accept', '--existing'])).toBe(0);
      expect(bodyOf()).toEqual({ token: 'sluice_link_abc', password: 'mine', ...code });
    }
  });

  test('says how an account that there is already is proven', async () => {
    const { run, said } = await at([problemOf('invalid_credentials', 401)], [LINK, 'four words of mine']);
    expect(await run(['accept'])).toBe(1);
    expect(said.join('\n')).toContain('sluice accept --existing');
  });

  test('sends nothing without a link', async () => {
    const { run, received } = await at([]);
    expect([await run(['accept']), received.length]).toEqual([2, 0]);
  });
});

describe('sluice password reset', () => {
  test('asks for a letter, as nobody, and says the same whether there is an account', async () => {
    const { run, received, bodyOf, printed } = await at([{ status: 202, body: { object: 'password_reset', link_hours: 24 } }]);
    expect(await run(['password', 'reset', 'nina@example.com'])).toBe(0);
    expect(received[0]).toMatchObject({ method: 'POST', path: '/v1/password-resets' });
    expect(received[0]?.headers['authorization']).toBeUndefined();
    expect(bodyOf()).toEqual({ email: 'nina@example.com' });
    expect(printed.join('\n')).toMatch(/^If there is an account/);
  });

  test('sets a new password by the link', async () => {
    const done = { object: 'completed_password_reset', reset_at: '2030-01-01T00:00:00Z', ended_sessions: 3 };
    const { run, bodyOf, printed } = await at([{ status: 200, body: done }], [LINK, 'nine blue kettles']);
    expect(await run(['password', 'reset', '--token'])).toBe(0);
    expect(bodyOf()).toEqual({ token: 'sluice_link_abc', new_password: 'nine blue kettles' });
    expect(printed.join('\n')).toBe('The password is reset. Sessions that ended: 3.');
  });

  test.each([[['password', 'reset']], [['password', 'reset', 'a@example.com', '--token']]])('%j is no request', async (argv) => {
    const { run, received } = await at([]);
    expect([await run(argv), received.length]).toEqual([2, 0]);
  });
});

describe('sluice verify-email', () => {
  test('asks for a letter, and takes its link', async () => {
    const asked = { object: 'email_verification', email: 'nina@example.com', link_hours: 24 };
    const first = await at([{ status: 202, body: asked }]);
    expect(await first.run(['verify-email'])).toBe(0);
    expect(first.printed.join('\n')).toContain('A letter to nina@example.com is on its way.');
    const done = { object: 'completed_email_verification', email: 'nina@example.com', verified_at: '2030-01-01T00:00:00Z' };
    const second = await at([{ status: 200, body: done }], [LINK]);
    expect(await second.run(['verify-email', '--token'])).toBe(0);
    expect(second.bodyOf()).toEqual({ token: 'sluice_link_abc' });
  });
});
