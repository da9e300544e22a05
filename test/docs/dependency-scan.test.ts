import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer, text } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

/**
 * The scan of dependencies, run by the npm that is installed against a registry of our own: it speaks the endpoint for advisories,
 * `POST /-/npm/v1/security/advisories/bulk`, which gets names with their versions and answers names with their advisories.
 */

const SCRIPT = join(process.cwd(), 'dev/audit-dependencies.mjs');
const BULK = '/-/npm/v1/security/advisories/bulk';

interface Advisory {
  id: number;
  url: string;
  title: string;
  severity: string;
  vulnerable_versions: string;
}
const advisory = (id: number, severity: string): Advisory => ({
  ...{ id, severity, url: `https://advisories.example/${id}`, title: `What is wrong, number ${id}` },
  vulnerable_versions: '<2.0.0',
});
/** The advisory that tells a registry with advisories from one without. */
const KNOWN = { minimist: [advisory(1, 'critical')] };

let folder: string;
let servers: Server[];
/** What the registry was asked about. */
let asked: Record<string, string[]>;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-dependency-scan-'));
  servers = [];
  asked = {};
  const packages = {
    '': { name: 'shop', version: '1.0.0', dependencies: { payments: '1.0.0' }, devDependencies: { 'test-kit': '1.4.0' } },
    'node_modules/payments': { version: '1.0.0', dependencies: { money: '^1.0.0' } },
    'node_modules/money': { version: '1.2.3' },
    'node_modules/test-kit': { version: '1.4.0', dev: true },
  };
  writeFileSync(join(folder, 'package.json'), JSON.stringify(packages['']));
  writeFileSync(join(folder, 'package-lock.json'), JSON.stringify({ name: 'shop', version: '1.0.0', lockfileVersion: 3, requires: true, packages }));
});
afterEach(() => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
  rmSync(folder, { recursive: true });
});

const bodyOf = async (req: IncomingMessage): Promise<Record<string, string[]>> => {
  const bytes = await buffer(req);
  return JSON.parse(String(req.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes));
};

/** A registry that answers each question about advisories by `answer`; null: not at all. It has no package. */
const registry = async (answer: (about: Record<string, string[]>) => { status: number; body: string } | null): Promise<string> => {
  const server = createServer(async (req, res) => {
    if (req.url !== BULK) return void res.writeHead(404).end('{}');
    const about = await bodyOf(req);
    Object.assign(asked, about);
    const given = answer(about);
    if (given) res.writeHead(given.status, { 'content-type': 'application/json' }).end(given.body);
  });
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
};

/** Answers with those of these advisories that are about a package which was asked for. */
const having = (advisories: Record<string, Advisory[]>) =>
  registry((about) => ({
    status: 200,
    body: JSON.stringify(Object.fromEntries(Object.entries({ ...KNOWN, ...advisories }).filter(([name]) => name in about))),
  }));

const scan = async (url: string, more: Record<string, string> = {}) => {
  const { PATH = '' } = process.env;
  const settings = {
    npm_config_registry: url,
    npm_config_cache: join(folder, '.cache'),
    npm_config_fetch_retries: '0',
    npm_config_update_notifier: 'false',
  };
  const child = spawn(process.execPath, [SCRIPT], { cwd: folder, env: { PATH, HOME: folder, ...settings, ...more } });
  const [said, , [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit') as Promise<[number | null]>]);
  return { code, lines: said.trim().split('\n'), last: said.trim().split('\n').at(-1) };
};

describe('the scan of dependencies', () => {
  test('passes when no advisory is known, and has asked about every package of the lock file [S5-35]', async () => {
    const { code, lines } = await scan(await having({}));
    expect([code, lines]).toEqual([0, ['dependencies: 3 checked; advisories: 0, high or critical: 0']]);
    expect(asked).toMatchObject({ payments: ['1.0.0'], money: ['1.2.3'], 'test-kit': ['1.4.0'] });
  });

  test.each([
    ['high', 'money'],
    ['critical', 'test-kit'],
    ['dreadful', 'payments'],
  ])('fails at one that is %s, and says about which package and where to read on [S5-35]', async (severity, name) => {
    const { code, lines, last } = await scan(await having({ [name]: [advisory(7, severity)] }));
    expect([code, last]).toEqual([1, 'dependencies: 3 checked; advisories: 1, high or critical: 1']);
    expect(lines[0]).toMatch(new RegExp(`^${severity} +${name} <2\\.0\\.0 +What is wrong, number 7 +https://advisories\\.example/7$`));
  });

  test('prints milder ones and passes; the gravest come first', async () => {
    const mild = await scan(await having({ money: [advisory(2, 'low'), advisory(3, 'moderate')], payments: [advisory(4, 'info')] }));
    expect(mild.lines.map((line) => line.split(' ', 1)[0])).toEqual(['moderate', 'low', 'info', 'dependencies:']);
    expect(mild.code).toBe(0);
    const mixed = await scan(await having({ money: [advisory(2, 'low'), advisory(3, 'critical')], payments: [advisory(5, 'high')] }));
    expect(mixed.lines.map((line) => line.split(' ', 1)[0])).toEqual(['critical', 'high', 'low', 'dependencies:']);
    expect(mixed.code).toBe(1);
  });

  const notChecked = { code: 3, last: expect.stringMatching(/^dependencies: NOT CHECKED, because the advisories could not be read: ./) };

  test.each<[string, number, string]>([
    ['has no such endpoint', 404, '{"error":"not found"}'],
    ['is broken', 500, 'oops'],
    ['asks for a credential', 401, '{}'],
    ['answers a page', 200, '<!doctype html><title>Welcome</title>'],
    ['answers something else', 200, '{"minimist":7,"payments":"none"}'],
    ['answers null', 200, 'null'],
    ['has no advisories at all', 200, '{}'],
  ])('is no pass when the registry %s [S5-35]', async (_what, status, body) => {
    expect(await scan(await registry(() => ({ status, body })))).toMatchObject(notChecked);
  });

  test('is no pass when the registry breaks between two questions', async () => {
    const url = await registry((about) => ('minimist' in about ? { status: 200, body: JSON.stringify(KNOWN) } : { status: 503, body: '' }));
    expect(await scan(url)).toMatchObject(notChecked);
  });

  test('is no pass when nobody listens, nobody answers, or npm may not ask [S5-35]', async () => {
    const silent = await registry(() => null);
    expect(await scan(silent, { npm_config_fetch_timeout: '500' })).toMatchObject(notChecked);
    const gone = await having({});
    servers[1]?.close();
    await once(servers[1] as Server, 'close');
    expect(await scan(gone)).toMatchObject(notChecked);
    expect(await scan(await having({}), { npm_config_offline: 'true' })).toMatchObject(notChecked);
  });

  test('is no pass without npm', async () => {
    expect(await scan(await having({}), { PATH: join(folder, 'empty') })).toMatchObject(notChecked);
  });
});

describe('before a change is merged', () => {
  /** Runs `.ci/run` with a `node` and an `npm` that do nothing, but for the answer of the scan. */
  const ci = async (answer: number) => {
    const [bin, checkout] = [join(folder, 'bin'), join(folder, 'checkout')];
    for (const path of [bin, join(checkout, '.ci')]) mkdirSync(path, { recursive: true });
    writeFileSync(join(checkout, '.ci/run'), readFileSync('.ci/run'));
    writeFileSync(join(bin, 'node'), '#!/bin/sh\n');
    writeFileSync(
      join(bin, 'npm'),
      `#!/bin/sh\ncase "$*" in *audit:dependencies*) exit ${answer};; *test*) echo 'tests: 9 passed, 0 failed';; esac\n`,
    );
    for (const name of ['node', 'npm']) chmodSync(join(bin, name), 0o755);
    const child = spawn('bash', [join(checkout, '.ci/run')], { env: { PATH: `${bin}:/usr/bin:/bin` } });
    const [said, [code]] = await Promise.all([text(child.stdout), once(child, 'exit') as Promise<[number | null]>]);
    return { passed: code === 0, tested: said.includes('9 passed') };
  };

  test('dependencies are scanned: a grave advisory ends the run, and advisories that cannot be read do not [S5-35]', async () => {
    expect([await ci(0), await ci(3)]).toEqual(Array(2).fill({ passed: true, tested: true }));
    expect([await ci(1), await ci(2), await ci(127)]).toEqual(Array(3).fill({ passed: false, tested: false }));
  });
});
