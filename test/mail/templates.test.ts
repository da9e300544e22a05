import { randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import type { Letter } from '../../domain/letter.js';
import { inLine } from '../../mail/in-line.js';
import { render } from '../../mail/templates.js';
import { newToken } from '../../vault/tokens.js';

const LOCKED: Letter = {
  template: 'factor_locked',
  params: { locked_at: '2026-11-28T13:50:30.123Z', locked_until: '2026-11-28T14:05:30.123Z' },
};
const URL_OF_OURS = 'https://pay.example.com/';

describe('the letter about a locked factor', () => {
  const { subject, text } = render(LOCKED, { name: 'Ana Lopes' }, URL_OF_OURS);

  test('says when, until when, what to do in both cases, and whose letter it is', () => {
    expect(subject).toBe('Your second factor is locked until 14:05:30 UTC');
    expect(text.split('\n')[0]).toBe('Hello Ana Lopes,');
    for (const said of ['2026-11-28 13:50:30 UTC', '2026-11-28 14:05:30 UTC', 'If it was you:', 'If it was not you:', 'change your password'])
      expect(text.replaceAll('\n', ' ')).toContain(said);
    expect(text).toContain('\n\nSluice at https://pay.example.com\n');
  });

  test('has lines that every reader shows as they are', () => {
    expect(text.split('\n').filter((line) => line.length > 76)).toEqual([]);
    expect(text).toMatch(/^[\n\x20-\x7e]*$/);
  });

  test('is the same each time', () => {
    expect(render(LOCKED, { name: 'Ana Lopes' }, URL_OF_OURS)).toEqual({ subject, text });
  });
});

const AT = '2026-11-28T13:50:30.123Z';
const LATER = '2026-11-29T13:50:30.123Z';
const OTHERS: Letter[] = [
  { template: 'factor_added', params: { name: 'phone', at: AT, gates_from: LATER } },
  { template: 'factor_removed', params: { name: 'phone', at: AT } },
  { template: 'passkey_copied', params: { name: 'laptop', at: AT } },
  { template: 'recovery_codes_made', params: { at: AT } },
  { template: 'recovery_code_used', params: { at: AT, left: 9 } },
  { template: 'factor_reset_asked', params: { by: 'Ben', workspace: 'Shop', at: AT, until: LATER } },
  { template: 'factors_reset', params: { by: 'Ben', workspace: 'Shop', at: AT } },
];

describe.each(OTHERS)('the letter $template', (letter) => {
  const { subject, text } = render(letter, { name: 'Ana Lopes' }, URL_OF_OURS);

  test('says when, and what to do if it was somebody else, in lines that every reader shows as they are', () => {
    expect(subject).not.toBe('');
    expect(text).toContain('2026-11-28 13:50:30 UTC');
    expect(text.replaceAll('\n', ' ')).toMatch(/administrator of your workspace/);
    expect(text.split('\n').filter((line) => line.length > 76)).toEqual([]);
    expect(text).toMatch(/^[\n\x20-\x7e]*$/);
  });

  test('shows what somebody chose in one line, so that it neither breaks nor deceives', () => {
    const named = {
      ...letter,
      params: { ...letter.params, name: 'a\n\nb\u202e', by: 'a\n\nb\u202e', workspace: 'a\n\nb\u202e' },
    } as unknown as Letter;
    const shown = render(named, { name: 'Ana' }, URL_OF_OURS).text;
    expect(shown).not.toMatch(/a\n|\u202e/);
  });
});

const TOKEN = newToken('link', 'live', randomBytes).token;
const WITH_LINKS: readonly (readonly [Letter, string, string])[] = [
  [
    {
      template: 'invitation',
      params: { workspace: 'Demo Shop', inviter: 'Ola Owner', roles: 'approver, auditor', token: TOKEN, expires_at: '2026-11-29T14:05:30.123Z' },
    },
    'You are invited to Demo Shop at Sluice',
    'accept',
  ],
  [
    { template: 'password_reset', params: { token: TOKEN, expires_at: '2026-11-29T14:05:30.123Z' } },
    'Reset your password at Sluice',
    'password reset --token',
  ],
  [
    { template: 'email_verification', params: { token: TOKEN, expires_at: '2026-11-29T14:05:30.123Z' } },
    'Prove your e-mail address at Sluice',
    'verify-email --token',
  ],
];

describe.each(WITH_LINKS)('a letter with a link', (letter, title, command) => {
  const { subject, text } = render(letter, { name: 'Ana Lopes' }, URL_OF_OURS);

  test(`(${letter.template}) has the token once, in the fragment, until when, and the command that takes it`, () => {
    expect(subject).toBe(title);
    expect(text.split(TOKEN)).toHaveLength(2);
    expect(text).toContain(`\n    https://pay.example.com/#token=${TOKEN}\n`);
    expect(text).toContain(`\n    sluice --url https://pay.example.com ${command}\n`);
    expect(text).toContain('The link works once, until 2026-11-29 14:05:30 UTC.');
    expect(new URL(/https:\S+#\S+/.exec(text)?.[0] ?? '').pathname).toBe('/');
  });

  test(`(${letter.template}) has lines that every reader shows as they are, but for links and commands`, () => {
    expect(text.split('\n').filter((line) => line.length > 76 && !line.startsWith('    '))).toEqual([]);
    expect(text).toMatch(/^[\n\x20-\x7e]*$/);
  });
});

test('an invitation says who invites and to what, and nothing that they chose breaks out of its line', () => {
  const params = {
    workspace: 'A\r\nBcc: all@example.com',
    inviter: 'Eve\n\nhttps://evil.example',
    roles: 'auditor',
    token: TOKEN,
    expires_at: '2026-11-29T14:05:30Z',
  };
  const { subject, text } = render({ template: 'invitation', params }, { name: 'Ana' }, URL_OF_OURS);
  expect(subject).toBe('You are invited to A Bcc: all@example.com at Sluice');
  expect(text).toContain('\n    invited by   Eve https://evil.example\n    roles        auditor\n');
});

test('the letter about a reset says when, and what to do if it was somebody else', () => {
  const { subject, text } = render({ template: 'password_was_reset', params: { at: '2026-11-28T14:05:30Z' } }, { name: 'Ana' }, URL_OF_OURS);
  expect(subject).toBe('Your password at Sluice was reset');
  for (const said of ['2026-11-28 14:05:30 UTC', 'If it was not you:']) expect(text).toContain(said);
});

test('a letter of a newer version is not made', () => {
  expect(() => render({ ...LOCKED, template: 'of_tomorrow' as never }, { name: 'Ana' }, URL_OF_OURS)).toThrow('no letter of_tomorrow');
  expect(() => render({ ...LOCKED, template: 'toString' as never }, { name: 'Ana' }, URL_OF_OURS)).toThrow('no letter toString');
});

describe('a name in a line', () => {
  test.each([
    ['a line break', 'Ana\r\nBcc: all@example.com', 'Ana Bcc: all@example.com'],
    ['a paragraph', 'Ana,\n\nyour password was changed. Go to', 'Ana, your password was changed. Go to'],
    ['a line separator', 'Ana\u2028Lopes', 'Ana Lopes'],
    ['a vertical tab and a form feed', 'Ana\v\fLopes', 'Ana Lopes'],
    ['a null character', 'Ana\0', 'Ana\\u{0}'],
    ['a turn of direction', 'Ana\u202egnp.exe', 'Ana\\u{202e}gnp.exe'],
    ['half of a surrogate pair', 'Ana\ud800', 'Ana\\u{d800}'],
    ['an invisible letter', 'Ana\u3164', 'Ana\\u{3164}'],
    ['nothing but blanks', ' \t ', ''],
  ])('%s neither breaks nor deceives', (_, name, line) => {
    expect(inLine(name)).toBe(line);
    expect(render(LOCKED, { name }, URL_OF_OURS).text.split('\n')[0]).toBe(`Hello ${line},`);
  });

  test('of any script stays as it is', () => {
    for (const name of ['Nguyễn Thị Ánh', '山田 太郎', 'Дмитрий', 'محمد علي', 'ศิริพร', 'O\'Brien, "Bob" <b>', '👩‍💻 Ada'])
      expect(inLine(name)).toBe(name);
  });

  test('is cut where it would fill more than a line', () => {
    expect(inLine('x'.repeat(80))).toBe('x'.repeat(80));
    expect(inLine('💶'.repeat(81))).toBe(`${'💶'.repeat(79)}…`);
  });
});

describe.each(['anomaly', 'key_suspended'] as const)('the letter %s', (template) => {
  const seen = { workspace: 'Shop', who: 'the API key import', what: 'calls whose signature was refused', count: 20, minutes: 10 };
  const params = { ...seen, network: '198.51.100.0/24', at: AT, key_id: 'key_0198c2aa7c1e7b3d9f10a4c2e6b80d11' };
  const rendered = (more: Partial<typeof params> = {}) => render({ template, params: { ...params, ...more } }, { name: 'Ana' }, URL_OF_OURS);

  test('says what was refused, how often, whose, from where and when, in lines that every reader shows as they are', () => {
    const { subject, text } = rendered();
    expect(subject).toContain('Shop');
    for (const said of [seen.what, seen.who, '20', '198.51.100.0/24', '2026-11-28 13:50:30 UTC']) expect(text).toContain(said);
    expect(text.split('\n').filter((line) => line.length > 76)).toEqual([]);
    expect(text).toMatch(/^[\n\x20-\x7e]*$/);
  });

  test('shows what somebody chose in one line, so that it neither breaks nor deceives', () => {
    const { subject, text } = rendered({ workspace: 'a\n\nb\u202e', who: 'a\n\nb\u202e' });
    expect(`${subject}\n${text}`).not.toMatch(/a\n|\u202e/);
  });
});

test('the letter about a suspended key names the commands that end it, and the other one suspends nothing', () => {
  const params = { workspace: 'Shop', who: 'the API key import', what: 'x', count: 1, minutes: 10, network: 'unknown', at: AT };
  const { text } = render({ template: 'key_suspended', params: { ...params, key_id: 'key_1' } }, { name: 'Ana' }, URL_OF_OURS);
  for (const command of ['rotate', 'revoke', 'resume']) expect(text).toContain(`\n    sluice keys ${command} key_1`);
  expect(render({ template: 'anomaly', params }, { name: 'Ana' }, URL_OF_OURS).text).not.toContain('suspended');
});
