import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { currencyDigits } from '../../../domain/money.js';
import { FITTING, UNFIT } from '../../../domain/text.js';
import { openApiWorld } from '../../world/api.js';

const FOLDER = 'api/pages';
const FILES = readdirSync(FOLDER).filter((file) => !file.endsWith('.ts'));
const PAGES = ['/passkeys', '/passkeys/gate'];

let world: Awaited<ReturnType<typeof openApiWorld>>;
beforeAll(async () => {
  world = await openApiWorld();
});
afterAll(() => world?.close());

/** Everything that a page leads the browser to, and what that imports. */
const loadedBy = async (page: string): Promise<string[]> => {
  const found: string[] = [];
  const visit = async (path: string): Promise<void> => {
    if (found.includes(path)) return;
    found.push(path);
    const { status, text } = await world.call(path);
    expect([path, status]).toEqual([path, 200]);
    for (const [, link = ''] of text.matchAll(/(?:<script[^>]* src=|<link rel="stylesheet" href=|from )["']([^"']+)["']/g))
      await visit(new URL(link, `http://localhost${path}`).pathname);
  };
  await visit(page);
  return found;
};

test('each page loads files of this origin alone, and each file of the folder is loaded by one', async () => {
  const loaded = new Set((await Promise.all(PAGES.map(loadedBy))).flat());
  const files = FILES.map((file) => `/passkeys/${file}`).map(
    (path) => ({ '/passkeys/passkeys.html': '/passkeys', '/passkeys/gate.html': '/passkeys/gate' })[path] ?? path,
  );
  expect([...loaded].sort()).toEqual([...files, '/passkeys/shared.js'].sort());
});

test('nobody frames a page, nothing inline runs, forms send nothing and no cache keeps it', async () => {
  for (const page of PAGES) {
    const { headers, text } = await world.call(page);
    const policy = Object.fromEntries(
      (headers.get('content-security-policy') ?? '').split(';').map((part) => {
        const [name = '', ...values] = part.trim().split(' ');
        return [name, values.join(' ')];
      }),
    );
    expect(policy).toEqual({
      'default-src': "'none'",
      'script-src': "'self'",
      'style-src': "'self'",
      'connect-src': "'self'",
      'img-src': 'data:',
      'frame-ancestors': "'none'",
      'base-uri': "'none'",
      'form-action': "'none'",
      'require-trusted-types-for': "'script'",
      'trusted-types': "'none'",
    });
    expect([headers.get('x-frame-options'), headers.get('referrer-policy'), headers.get('x-content-type-options')]).toEqual([
      'DENY',
      'no-referrer',
      'nosniff',
    ]);
    expect([headers.get('cache-control'), headers.get('content-type')]).toEqual(['no-store', 'text/html; charset=utf-8']);
    expect(text).not.toMatch(/ (style|on\w+)=|<style|<script(?![^>]* src=)|https?:\/\//);
  }
  const posted = await world.call('/passkeys', { method: 'POST' });
  expect([posted.status, posted.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  for (const path of ['/passkeys/', '/passkeys/serve.ts', '/passkeys/passkeys.html', '/passkeys/..%2fapp.ts'])
    expect([path, (await world.call(path)).status]).toEqual([path, 404]);
});

test('scripts make no markup of a text, go to no other page and keep nothing in the browser', () => {
  for (const file of FILES.filter((name) => name.endsWith('.js'))) {
    const text = readFileSync(`${FOLDER}/${file}`, 'utf8');
    expect([file, text.match(/innerHTML|outerHTML|insertAdjacent|document\.write|DOMParser|\beval\b|new Function/)]).toEqual([file, null]);
    expect([file, text.match(/location\.(assign|replace)|location(\.href)? =|window\.open|localStorage|sessionStorage|document\.cookie/)]).toEqual([
      file,
      null,
    ]);
  }
});

test('the script of what pages share with the server says what the server says', async () => {
  const { text, headers } = await world.call('/passkeys/shared.js');
  expect(headers.get('content-type')).toBe('text/javascript; charset=utf-8');
  const shared = (await import(`data:text/javascript,${encodeURIComponent(text)}`)) as { UNFIT: RegExp; FITTING: RegExp; DIGITS: object };
  expect([String(shared.UNFIT), String(shared.FITTING), shared.DIGITS]).toEqual([String(UNFIT), String(FITTING), currencyDigits()]);
});
