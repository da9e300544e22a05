import { createHmac, randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { verifyStandardWebhook } from '../../rails/standard-webhooks.js';

const now = new Date();
const timestamp = `${Math.floor(now.getTime() / 1000)}`;

const sign = (key: Uint8Array, raw: Uint8Array) => `v1,${createHmac('sha256', key).update(`evt_1.${timestamp}.`).update(raw).digest('base64')}`;
const headers = (signature: string) => ({ 'webhook-id': 'evt_1', 'webhook-timestamp': timestamp, 'webhook-signature': signature });
const secretOf = (key: Buffer) => `whsec_${key.toString('base64')}`;

describe('Standard Webhooks 1.0.0', () => {
  test('the example that the specification’s libraries are tested with holds [S3-15]', () => {
    // Public test vector, not a secret of anybody's.
    const secret = 'MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
    const example = {
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    };
    const raw = Buffer.from('{"test": 2432232314}');
    expect(verifyStandardWebhook(secret, raw, example, new Date(1614265330_000))).toEqual({ eventId: 'msg_p5jXN8AQM9LWM0D4loKWxJek' });
  });

  test('one good signature among several is enough, whatever stands beside it; none is not [S3-15]', () => {
    const [key, old, raw] = [randomBytes(32), randomBytes(32), randomBytes(64)];
    const others = [sign(old, raw), 'v1a,AAAA', 'v2,x', 'v1,', ''];
    expect(verifyStandardWebhook(secretOf(key), raw, headers([...others, sign(key, raw)].join(' ')), now)).toEqual({ eventId: 'evt_1' });
    expect(verifyStandardWebhook(secretOf(key), raw, headers(others.join(' ')), now)).toEqual({ problem: expect.any(String) });
    expect(verifyStandardWebhook(secretOf(key), raw, headers(sign(key, raw).replace('v1,', 'v2,')), now)).toEqual({ problem: expect.any(String) });
  });

  test('bytes that are no UTF-8 are verified as they are [S3-15]', () => {
    const key = randomBytes(32);
    const raw = Uint8Array.of(0xff, 0xfe, 0x00);
    expect(verifyStandardWebhook(secretOf(key), raw, headers(sign(key, raw)), now)).toEqual({ eventId: 'evt_1' });
    // The replacement character, which a lossy decoder makes of each of them.
    expect(verifyStandardWebhook(secretOf(key), Buffer.from('\ufffd\ufffd\0'), headers(sign(key, raw)), now)).toEqual({
      problem: expect.any(String),
    });
  });

  test.each([
    [23, 'refused'],
    [24, 'taken'],
    [64, 'taken'],
    [65, 'refused'],
  ])('a secret of %i bytes is %s, even when the signature is right [S3-16]', (bytes, verdict) => {
    const [key, raw] = [randomBytes(bytes), randomBytes(64)];
    expect('eventId' in verifyStandardWebhook(secretOf(key), raw, headers(sign(key, raw)), now)).toBe(verdict === 'taken');
  });

  test.each(['webhook-id', 'webhook-timestamp', 'webhook-signature'])('without %s nothing is taken [S3-16]', (name) => {
    const [key, raw] = [randomBytes(32), randomBytes(64)];
    const whole: Record<string, string | undefined> = headers(sign(key, raw));
    expect(verifyStandardWebhook(secretOf(key), raw, whole, now)).toEqual({ eventId: 'evt_1' });
    expect(verifyStandardWebhook(secretOf(key), raw, { ...whole, [name]: undefined }, now)).toEqual({ problem: expect.any(String) });
  });
});
