import { spawnSync } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { newToken } from '../../vault/tokens.js';

/** The scan of `npm run check`, in a folder with the settings of this one. Secrets are made at run time, so that the scan passes here. */

const ROOT = process.cwd();
const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: { check: string; secrets: string } };

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-secrets-'));
  for (const settings of ['.secretlintrc.json', '.gitignore']) copyFileSync(settings, join(folder, settings));
});
afterEach(() => rmSync(folder, { recursive: true }));

const write = (path: string, text: string): void => {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
};
const scan = () =>
  spawnSync(scripts.secrets, {
    shell: true,
    cwd: folder,
    encoding: 'utf8',
    env: { PATH: `${join(ROOT, 'node_modules', '.bin')}:${process.env['PATH']}` },
  });

const token = (kind: 'api_key' | 'session', mode: 'live' | 'test'): string => newToken(kind, mode, randomBytes).token;

test('it is part of npm run check [S3-24]', () => {
  expect(scripts.check.split(' && ')).toContain('npm run secrets');
});

test('a planted secret fails it, is named by its file, and is not printed [S3-24]', () => {
  const password = randomBytes(12).toString('hex');
  const { privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2_048,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  const secrets: Record<string, string> = {
    'api/live.ts': token('api_key', 'live'),
    'test/fixtures/test.json': token('api_key', 'test'),
    'docs/session.md': token('session', 'test'),
    '.env': randomBytes(20).toString('hex'),
    'deploy/database.yaml': password,
    'deploy/key.txt': privateKey.split('\n')[1] ?? '',
  };
  const lines: Record<string, string> = {
    'api/live.ts': `export const KEY = '${secrets['api/live.ts']}';\n`,
    'test/fixtures/test.json': JSON.stringify({ authorization: `Bearer ${secrets['test/fixtures/test.json']}` }),
    'docs/session.md': `    curl -H "Authorization: Bearer ${secrets['docs/session.md']}"\n`,
    '.env': `AWS_SECRET_ACCESS_KEY=${secrets['.env']}\n`,
    'deploy/database.yaml': `url: postgres://sluice:${password}@db.internal:5432/sluice\n`,
    'deploy/key.txt': privateKey,
  };
  for (const [path, text] of Object.entries(lines)) write(path, text);
  write('api/clean.ts', 'export const KEY = process.env.SLUICE_API_KEY;\n');
  const { status, stdout, stderr } = scan();
  expect({ status, stderr }).toMatchObject({ status: 1 });
  for (const [path, secret] of Object.entries(secrets)) expect([path, stdout.includes(path), stdout.includes(secret)]).toEqual([path, true, false]);
  expect(stdout).not.toContain('clean.ts');
});

test('what is no secret, and what git passes over, passes', () => {
  write('README.md', 'Keys begin with slk_live_ and slk_test_; see docs/keys.md.\n');
  write('.sluice/stack.json', token('api_key', 'live'));
  write('node_modules/a/index.js', token('api_key', 'live'));
  write('prisma/generated/client.ts', token('api_key', 'live'));
  const { status, stdout, stderr } = scan();
  expect({ status, stdout: stdout.trim(), stderr }).toMatchObject({ status: 0, stdout: '' });
});
