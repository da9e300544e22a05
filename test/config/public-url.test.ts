import { describe, expect, test } from '@jest/globals';
import { apiConfig } from '../../config/api.js';
import { readConfig } from '../../config/schema.js';

const url = apiConfig.shape.SLUICE_PUBLIC_URL;

test.each([
  ['https://pay.example', 'https://pay.example'],
  ['https://Pay.Example:443/sluice', 'https://pay.example/sluice'],
  ['http://127.0.0.1:8080', 'http://127.0.0.1:8080'],
  ['http://localhost:8080', 'http://localhost:8080'],
  ['http://[::1]:8080', 'http://[::1]:8080'],
  [undefined, undefined],
])('the public URL %s is signed as %s', (given, signed) => expect(url.parse(given)).toBe(signed));

test.each([
  'https://pay.example/',
  'https://pay.example/x?y',
  'https://pay.example#x',
  'https://u@pay.example',
  'ftp://pay.example',
  'pay.example',
  'http://pay.example',
  'http://10.0.0.1:8080',
  'http://localhost.pay.example',
  'https://[',
  '',
])('%j is none', (given) => expect(url.safeParse(given).success).toBe(false));

describe('the API does not start', () => {
  const REST = { SLUICE_KEY_FILE: 'k', SLUICE_CHECKPOINT_DIR: 'c', SLUICE_API_DATABASE_URL: 'd', SLUICE_SPOOL_DIR: 's' };
  const read = (more: Record<string, string>) => () => readConfig(apiConfig, { ...REST, ...more });
  const HTTPS = { SLUICE_PUBLIC_URL: 'https://pay.example' };
  const PROXY = { SLUICE_TRUSTED_PROXIES: '10.0.0.1' };

  test('for plain HTTP from elsewhere [S5-02]', () => {
    expect(read({ SLUICE_PUBLIC_URL: 'http://pay.example' })).toThrow('SLUICE_PUBLIC_URL: give an https:// URL; http:// is for this machine alone');
    for (const host of ['0.0.0.0', '::', '10.0.0.5', 'pay.internal'])
      expect(read({ SLUICE_API_HOST: host })).toThrow('SLUICE_PUBLIC_URL: give the https:// URL that callers use');
    expect(read({ SLUICE_API_HOST: '0.0.0.0', SLUICE_PUBLIC_URL: 'http://localhost:8080' })).toThrow('because others reach 0.0.0.0');
    for (const host of ['127.0.0.1', '::1', 'localhost']) expect(read({ SLUICE_API_HOST: host })).not.toThrow();
    expect(read({ SLUICE_API_HOST: '0.0.0.0', ...HTTPS, ...PROXY })).not.toThrow();
  });

  test('for https without a proxy that says what came over TLS [S5-02]', () => {
    for (const proxies of [{}, { SLUICE_TRUSTED_PROXIES: '' }, { SLUICE_TRUSTED_PROXIES: ' , ' }])
      expect(read({ ...HTTPS, ...proxies })).toThrow('SLUICE_TRUSTED_PROXIES: name the proxy that speaks TLS');
    expect(read({ ...HTTPS, ...PROXY })).not.toThrow();
    expect(read({ SLUICE_PUBLIC_URL: 'http://127.0.0.1:8080' })).not.toThrow();
  });
});
