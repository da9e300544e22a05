import { describe, expect, test } from '@jest/globals';
import { isLoopback } from '../../domain/loopback.js';
import { smtpOptions } from '../../mail/smtp-options.js';

describe('TLS', () => {
  test('is required of every server that is not on this machine', () => {
    for (const host of ['mail.example.com', '10.0.0.5', '0.0.0.0', '[2001:db8::1]', '128.0.0.1', 'localhost.example.com', '127.0.0.1.example.com'])
      expect(smtpOptions(`smtp://${host}:25`)).toMatchObject({ secure: false, requireTLS: true, ignoreTLS: false });
  });

  test('is from the first byte with smtps://, on this machine too', () => {
    for (const host of ['mail.example.com', '127.0.0.1']) expect(smtpOptions(`smtps://${host}`)).toMatchObject({ secure: true, ignoreTLS: false });
  });

  test('is left out on this machine', () => {
    for (const host of ['localhost', 'LOCALHOST', '127.0.0.1', '127.9.9.9', '[::1]'])
      expect(smtpOptions(`smtp://${host}:25`)).toMatchObject({ secure: false, requireTLS: false, ignoreTLS: true });
  });

  test('takes no certificate that is not valid, whatever the URL says', () => {
    const { tls } = smtpOptions('smtps://mail.example.com?tls.rejectUnauthorized=false');
    expect(tls).toEqual({ rejectUnauthorized: true, minVersion: 'TLSv1.2' });
  });
});

test('the port is that of the URL, else that of submission', () => {
  expect(['smtp://a.example', 'smtps://a.example', 'smtp://a.example:2525'].map((url) => smtpOptions(url).port)).toEqual([587, 465, 2525]);
});

test('credentials are decoded, and used or the letter is not sent', () => {
  const options = smtpOptions('smtps://me%40a.example:p%3Aw%2F@a.example');
  expect(options).toMatchObject({ forceAuth: true, auth: { user: 'me@a.example', pass: 'p:w/' } });
  expect(smtpOptions('smtps://a.example')).not.toHaveProperty('auth');
});

test('an address in brackets is an address', () => {
  expect(smtpOptions('smtp://[2001:db8::1]:25').host).toBe('2001:db8::1');
  expect([isLoopback('[::1]'), isLoopback('::1'), isLoopback('[::2]')]).toEqual([true, true, false]);
});
