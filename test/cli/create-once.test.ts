import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { settingsOf } from './every-command.js';
import { BATCH, emptyFolder, problemOf } from './run-sluice.js';
import { type Answer, apiOf, type Received } from './scripted-api.js';

const OTHER = BATCH.id.replace(/1$/, '2');
const CSV = 'payee_reference,amount\np-1,1.00\n';

const folder = emptyFolder();
const fileOf = (text: string | Uint8Array, name = 'my.csv'): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

/** An API that stores the answer to each key, as the real one does. `decide` answers a new key; `now` is a batch as it stands. */
const keeping = async (decide: (request: Received, made: number) => Answer, now: (id: string) => object = () => ({})) => {
  const stored = new Map<string, Answer>();
  let hidden: Answer | null = null;
  const { env, received } = await apiOf((request) => {
    const id = /batch_[0-9a-f]{32}$/.exec(request.path)?.[0];
    if (request.method === 'GET' && id && hidden) return hidden;
    if (request.method === 'GET') return { status: 200, body: id ? { ...BATCH, id, ...now(id) } : { data: [{ currency: 'EUR' }], has_more: false } };
    const key = String(request.headers['idempotency-key']);
    const known = stored.get(key);
    if (known && typeof known === 'object' && 'status' in known) return { ...known, headers: { 'idempotent-replayed': 'true' } };
    const answer = decide(request, stored.size);
    stored.set(key, answer);
    return answer;
  });
  const keys = () => received.filter(({ method }) => method === 'POST').map(({ headers }) => String(headers['idempotency-key']));
  const create = async (...argv: string[]) => {
    const { run, said, printed } = settingsOf(env);
    return { code: await run(['batch', 'create', ...argv]), said: said.join('\n'), printed: printed.join('\n') };
  };
  const hide = (instead: Answer) => {
    hidden = instead;
  };
  return { create, keys, hide };
};

const made = (_request: Received, count: number): Answer => ({ status: 202, body: { ...BATCH, id: count === 0 ? BATCH.id : OTHER } });

describe('the same file with the same options', () => {
  test.each([
    ['a CSV', fileOf(CSV), fileOf(CSV, 'copy.csv')],
    ['a JSON file, whatever the order of its members', fileOf('{"rail":"s","items":[]}', 'a.json'), fileOf('{ "items": [], "rail": "s" }', 'b.json')],
  ])('%s is one batch, which the repeat finds as it stands now', async (_name, first, copy) => {
    const { create, keys } = await keeping(made, () => ({ state: 'approved' }));
    expect((await create(first)).said).not.toContain('no second batch');
    const again = await create(copy);
    expect([again.code, again.said]).toEqual([0, expect.stringContaining('no second batch was made')]);
    expect(again.printed).toMatch(new RegExp(`batch +${BATCH.id}\n`));
    expect(again.printed).toMatch(/state +approved/);
    expect(new Set(keys()).size).toBe(1);
  });

  test('another content, another option, or a key of one’s own is another batch', async () => {
    const { create, keys } = await keeping(made);
    const [one, other] = [fileOf(CSV), fileOf(`${CSV}p-2,1.00\n`, 'other.csv')];
    const lines = [[one], [other], [one, '--external-id', 'june'], [one, '--allow-duplicates'], [one, '--draft'], [one, '--idempotency-key', 'mine']];
    for (const argv of lines) expect((await create(...argv)).code).toBe(0);
    expect(new Set(keys()).size).toBe(lines.length);
    expect(keys().at(-1)).toBe('mine');
  });

  test('a check takes no key of the series, so what it found before is not its answer for ever', async () => {
    const { create, keys } = await keeping(() => ({
      status: 202,
      body: { object: 'validation', valid: true, item_count: 1, total: 100, currency: 'EUR' },
    }));
    for (const _time of [1, 2]) await create(fileOf(CSV), '--validate-only');
    expect(new Set(keys()).size).toBe(2);
  });

  test('a try that was refused is passed over: the same command works once the reason is gone', async () => {
    let isRefused = true;
    const { create, keys } = await keeping((request, count) => (isRefused ? problemOf('invalid_csv', 422) : made(request, count)));
    const file = fileOf(CSV);
    expect((await create(file)).code).toBe(1);
    expect(keys()).toHaveLength(1);
    isRefused = false;
    expect((await create(file)).said).not.toContain('no second batch');
    expect((await create(file)).said).toContain('no second batch');
    expect(keys()).toEqual([0, 0, 1, 0, 1].map((place) => [keys()[0], keys()[2]][place]));
  });

  test.each([
    ['rejected', {}, true],
    ['cancelled', {}, true],
    ['expired', {}, true],
    ['refused', {}, true],
    ['failed', {}, true],
    ['cancelled', { paid: 1 }, false],
    ['completed', { returned: 1 }, false],
    ['receiving', {}, false],
    ['executing', {}, false],
  ])('a batch that is %s (%j) is passed over: %s', async (state, counts, isPassed) => {
    const { create } = await keeping(made, (id) => (id === BATCH.id ? { state, upload: null, counts: { ...BATCH.counts, ...counts } } : {}));
    const file = fileOf(CSV);
    await create(file, '--no-wait');
    expect((await create(file, '--no-wait')).printed).toMatch(new RegExp(`batch +${isPassed ? OTHER : BATCH.id}\n`));
  });
});

test('a repeat whose batch cannot be read ends, and makes no second batch', async () => {
  const { create, keys, hide } = await keeping(made);
  const file = fileOf(CSV);
  await create(file, '--allow-duplicates');
  hide(problemOf('forbidden', 403));
  expect((await create(file, '--allow-duplicates')).code).toBe(1);
  expect(new Set(keys()).size).toBe(1);
});

test('a file that was refused very often is sent no more, and what to do is said', async () => {
  const { create, keys } = await keeping(() => problemOf('invalid_csv', 422));
  const file = fileOf(CSV);
  for (let i = 0; i < 51; i++) expect((await create(file)).said).toContain('invalid_csv');
  const { code, said } = await create(file);
  expect([code, said]).toEqual([1, expect.stringContaining('--idempotency-key')]);
  expect(new Set(keys()).size).toBe(51);
});

test('a JSON file with a member twice is refused before it is sent, as the API would refuse it', async () => {
  const { create, keys } = await keeping(made);
  const { code, said } = await create(fileOf('{"rail":"s","items":[],"items":[]}', 'twice.json'));
  expect([code, said]).toEqual([2, expect.stringContaining('a member twice')]);
  expect(keys()).toEqual([]);
});

test('a request with this key that is still running is waited for, and no other key is tried', async () => {
  let busy = 2;
  const { create, keys } = await keeping(made);
  const file = fileOf(CSV);
  await create(file);
  const { env, received } = await apiOf(({ method }) => {
    if (method === 'GET') return { status: 200, body: { data: [{ currency: 'EUR' }], has_more: false } };
    return busy-- > 0 ? problemOf('idempotency_in_flight', 409, { retry_after_seconds: 0 }) : { status: 202, body: BATCH };
  });
  const { run } = settingsOf(env);
  expect(await run(['batch', 'create', file])).toBe(0);
  expect(received.filter(({ method }) => method === 'POST').map(({ headers }) => headers['idempotency-key'])).toEqual([0, 1, 2].map(() => keys()[0]));
});
