import { expect, test } from '@jest/globals';
import { apiConfig } from '../../config/api.js';

const url = apiConfig.shape.SLUICE_PUBLIC_URL;

test.each([
  ['https://pay.example', 'https://pay.example'],
  ['https://Pay.Example:443/sluice', 'https://pay.example/sluice'],
  ['http://127.0.0.1:8080', 'http://127.0.0.1:8080'],
  [undefined, undefined],
])('the public URL %s is signed as %s', (given, signed) => expect(url.parse(given)).toBe(signed));

test.each([
  'https://pay.example/',
  'https://pay.example/x?y',
  'https://pay.example#x',
  'https://u@pay.example',
  'ftp://pay.example',
  'pay.example',
  'https://[',
  '',
])('%j is none', (given) => expect(url.safeParse(given).success).toBe(false));
