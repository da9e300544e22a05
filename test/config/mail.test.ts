import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { maskedConfiguration } from '../../cli/masked-configuration.js';
import { mail } from '../../config/mail.js';
import { readConfig } from '../../config/schema.js';

const schema = z.object(mail);
const GOOD = {
  SLUICE_SMTP_URL: 'smtps://me:p%40ss@mail.example.com:465',
  SLUICE_MAIL_FROM: 'no-reply@pay.example',
  SLUICE_PUBLIC_URL: 'https://pay.example',
};
const isTaken = (more: Partial<typeof GOOD>): boolean => schema.safeParse({ ...GOOD, ...more }).success;

describe('the mail server', () => {
  test('is an SMTP URL with a host and nothing behind it', () => {
    for (const url of [GOOD.SLUICE_SMTP_URL, 'smtp://mail.example.com', 'smtp://127.0.0.1:25/', 'smtps://[2001:db8::1]:465'])
      expect({ url, taken: isTaken({ SLUICE_SMTP_URL: url }) }).toEqual({ url, taken: true });
    for (const url of ['', 'mail.example.com', 'https://mail.example.com', 'smtp:', 'smtp://', 'smtp://a.example/box', 'smtp://a.example?pool=true'])
      expect({ url, taken: isTaken({ SLUICE_SMTP_URL: url }) }).toEqual({ url, taken: false });
    expect(isTaken({ SLUICE_SMTP_URL: 'smtp://me:50%@a.example' })).toBe(false);
  });

  test('is a secret: neither an error nor the doctor shows it', () => {
    const wrong = { ...GOOD, SLUICE_SMTP_URL: 'smtp://me:canary%@a.example' };
    expect(() => readConfig(schema, wrong)).toThrow(/SLUICE_SMTP_URL: must be smtps:\/\//);
    expect(() => readConfig(schema, wrong)).not.toThrow(/canary/);
    const shown = maskedConfiguration(schema, { ...GOOD, SLUICE_SMTP_URL: 'smtp://me:canary@a.example' });
    expect(shown.map(({ value }) => value)).toEqual(['********', GOOD.SLUICE_MAIL_FROM, GOOD.SLUICE_PUBLIC_URL]);
    expect(shown.every(({ description }) => description !== '')).toBe(true);
  });
});

test('the sender is an address alone', () => {
  for (const from of ['Sluice <no-reply@pay.example>', 'no-reply', 'a@b.example\r\nBcc: c@d.example'])
    expect(isTaken({ SLUICE_MAIL_FROM: from })).toBe(false);
});

test('the public address speaks TLS, or is on this machine', () => {
  for (const url of ['https://pay.example:8443', 'https://pay.example/', 'http://127.0.0.1:8080', 'http://localhost:8080'])
    expect({ url, taken: isTaken({ SLUICE_PUBLIC_URL: url }) }).toEqual({ url, taken: true });
  for (const url of ['http://pay.example', 'https://pay.example/console', 'https://me@pay.example', 'pay.example', 'javascript:alert(1)'])
    expect({ url, taken: isTaken({ SLUICE_PUBLIC_URL: url }) }).toEqual({ url, taken: false });
});
