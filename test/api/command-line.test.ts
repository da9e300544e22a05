import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { settingsOf } from '../cli/every-command.js';
import { emptyFolder } from '../cli/run-sluice.js';
import { type ApiWorld, openApiWorld } from '../world/api.js';
import type { Person } from '../world/people.js';

/** The command line over HTTP against the real app and database, where a scripted API would only answer what its test expects. */
let world: ApiWorld;
let tokens: Record<'preparer' | 'other preparer' | 'approver', string>;
let owner: Person;
beforeAll(async () => {
  world = await openApiWorld();
  const [preparer, other, approver] = [await world.member('preparer'), await world.member('preparer'), await world.member('approver')];
  owner = preparer.person;
  tokens = { preparer: preparer.token, 'other preparer': other.token, approver: approver.token };
});
afterAll(() => world.close());

const folder = emptyFolder();
let files = 0;
const csv = (): string => {
  const path = join(folder, `${++files}.csv`);
  writeFileSync(path, `payee_reference,payee_name,country,account_token,amount,reference\np-${files},Ada,DE,acct_ok_${files},12.00,June ${files}\n`);
  return path;
};
const sluice = async (who: keyof typeof tokens, ...argv: string[]) => {
  const { run, said, printed } = settingsOf({ SLUICE_URL: world.url, SLUICE_API_KEY: tokens[who] });
  const code = await run(argv);
  return { code, said: said.join('\n'), id: /batch_[0-9a-f]{32}/.exec(printed.join('\n'))?.[0] };
};

test('the same file is one batch; another person’s is refused; --allow-duplicates and a key of one’s own make more', async () => {
  const file = csv();
  const first = await sluice('preparer', 'batch', 'create', file, '--currency', 'EUR');
  expect(first.code).toBe(0);
  const again = await sluice('preparer', 'batch', 'create', file, '--currency', 'EUR');
  expect([again.code, again.id, again.said]).toEqual([0, first.id, expect.stringContaining('no second batch was made')]);
  const others = await sluice('other preparer', 'batch', 'create', file, '--currency', 'EUR');
  expect([others.code, others.said]).toEqual([1, expect.stringContaining(`${first.id} was made from the same file`)]);
  const ids = new Set([first.id]);
  for (const more of [[], ['--idempotency-key', 'third']]) {
    const { code, id } = await sluice('preparer', 'batch', 'create', file, '--currency', 'EUR', '--allow-duplicates', ...more);
    expect(code).toBe(0);
    ids.add(id);
  }
  expect(ids.size).toBe(3);
});

/** A way to the API on which the answer to the first upload never arrives: Ctrl-C comes first, when the server has done it. */
const losingOneAnswer = async () => {
  let isLost = false;
  const server = createServer(async (req, res) => {
    const body = await buffer(req);
    const headers = Object.fromEntries(Object.entries(req.headers).filter(([name]) => !/^(host|connection|transfer-encoding)$/.test(name)));
    const sent = { method: req.method ?? '', headers: headers as Record<string, string>, ...(body.length > 0 ? { body } : {}) };
    const answer = await fetch(`${world.url}${req.url}`, sent);
    const text = await answer.text();
    if (req.method === 'POST' && !isLost) {
      isLost = true;
      return void process.emit('SIGINT', 'SIGINT');
    }
    res.writeHead(answer.status, Object.fromEntries(answer.headers)).end(text);
  });
  await new Promise<void>((done) => {
    server.listen(0, '127.0.0.1', done);
  });
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close };
};

test('Ctrl-C after the file has left says that the batch may have been made; the same command finds it', async () => {
  const { url, close } = await losingOneAnswer();
  const argv = ['--url', url, 'batch', 'create', csv(), '--currency', 'EUR', '--external-id', 'cut off'];
  const cut = await sluice('preparer', ...argv);
  expect([cut.code, cut.said]).toEqual([130, expect.stringContaining('the batch may have been made')]);
  expect(cut.said).toContain(`next: sluice --url ${url} batch show 'cut off'`);
  const shown = await sluice('preparer', 'batch', 'show', 'cut off');
  const again = await sluice('preparer', ...argv);
  close();
  expect([shown.code, again.code, again.id, again.said]).toEqual([0, 0, shown.id, expect.stringContaining('no second batch was made')]);
});

test('a batch that was rejected is passed over, and so is a refusal whose reason is gone', async () => {
  const file = csv();
  const first = await sluice('preparer', 'batch', 'create', file, '--currency', 'EUR');
  expect((await sluice('approver', 'batch', 'reject', first.id ?? '', '--reason', 'wrong month')).code).toBe(0);
  const second = await sluice('preparer', 'batch', 'create', file, '--currency', 'EUR');
  expect([second.code, second.id === first.id]).toEqual([0, false]);
  expect((await sluice('preparer', 'batch', 'create', file, '--currency', 'EUR')).id).toBe(second.id);

  const dollars = ['batch', 'create', csv(), '--currency', 'USD'];
  const refused = await sluice('preparer', ...dollars);
  expect([refused.code, refused.said]).toEqual([1, expect.stringContaining('next: sluice ledger create-account NAME --currency USD')]);
  expect((await sluice('preparer', 'ledger', 'create-account', 'Dollars', '--currency', 'USD')).code).toBe(0);
  expect((await sluice('preparer', ...dollars)).code).toBe(0);
});

test('an item is left out by the number that `batch items` prints, and a batch pays from the account that is named', async () => {
  expect((await sluice('preparer', 'ledger', 'create-account', 'Shop', '--currency', 'EUR')).code).toBe(0);
  const file = join(folder, 'two.csv');
  writeFileSync(file, 'payee_reference,payee_name,country,account_token,amount,reference\na,Ada,DE,acct_a,1.00,x\nb,Bob,DE,acct_b,2.00,y\n');
  const made = await sluice('preparer', 'batch', 'create', file, '--currency', 'EUR', '--funding-account', 'Shop', '--external-id', 'batch_2026-11');
  expect((await sluice('preparer', 'batch', 'edit', 'batch_2026-11', '--exclude', '#1')).code).toBe(0);
  const items = (await world.call(`/v1/payout-batches/${made.id}/items`, { token: tokens.preparer })).json['data'];
  expect(items).toMatchObject([
    { ordinal: 0, payee_reference: 'a', state: 'pending' },
    { ordinal: 1, payee_reference: 'b', state: 'excluded' },
  ]);
});

test('an API key from its making to its end: each command that is printed is the next one', async () => {
  const run = async (argv: string[], token = tokens.preparer) => {
    const asksForCode = argv[1] === 'create' || argv[1] === 'rotate';
    const settings = settingsOf({ SLUICE_URL: world.url, SLUICE_API_KEY: token }, asksForCode ? [await world.freshCode(owner)] : []);
    const code = await settings.run(argv);
    const next = /^next: (?:\S*\/|npx )?sluice(?:\.mjs)? (.*)$/m.exec(settings.said.join('\n'))?.[1]?.split(' ') ?? [];
    return { code, next, printed: settings.printed.join('\n'), said: settings.said.join('\n') };
  };
  const reads = async (secret: string) => (await run(['payee', 'list'], secret)).code;

  const made = await run(['keys', 'create', 'nightly', '--scope', 'payees.read', '--allow', '127.0.0.1', '203.0.113.0/24']);
  expect([made.code, await reads(made.printed)]).toEqual([0, 0]);
  const id = made.next.at(-1) ?? '';

  const rotated = await run(['keys', 'rotate', id, '--grace', '1h']);
  expect([rotated.code, await reads(made.printed), await reads(rotated.printed)]).toEqual([0, 0, 0]);
  const listed = await run(rotated.next);
  expect([listed.code, listed.printed]).toEqual([
    0,
    expect.stringMatching(new RegExp(`${id} +nightly .* ending .*127\\.0\\.0\\.1/32 203\\.0\\.113\\.0/24`)),
  ]);
  const again = await run(['keys', 'rotate', id]);
  expect([again.code, again.said]).toEqual([1, expect.stringContaining('another has taken its place')]);
  expect((await run(again.next)).code).toBe(0);

  const revoked = await run(made.next);
  expect([revoked.code, revoked.printed]).toEqual([0, expect.stringMatching(/^nightly \(slk_test_\w{4}…\) is revoked since /)]);
  expect([await reads(made.printed), await reads(rotated.printed)]).toEqual([4, 0]);

  const elsewhere = await run(['keys', 'create', 'far', '--scope', 'payees.read', '--allow', '203.0.113.0/24']);
  const refused = await run(['payee', 'list'], elsewhere.printed);
  expect([refused.code, refused.said]).toEqual([1, expect.stringContaining('network_not_allowed')]);
});
