import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Journal, replayJournal } from '../../dev/sandbox-provider/journal.js';
import type { JournalRecord } from '../../dev/sandbox-provider/records.js';
import { newKey, samplePayment } from './sample-payment.js';
import { startProvider } from './start-provider.js';

describe('the file', () => {
  let folder: string;
  let path: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sluice-journal-'));
    path = join(folder, 'journal.jsonl');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const replay = async () => {
    const records: JournalRecord[] = [];
    await replayJournal(path, (record) => records.push(record));
    return records;
  };

  test('what was durable comes back, in order', async () => {
    const journal = await Journal.open(path, 'group');
    const written = Array.from({ length: 500 }, (_, n): JournalRecord => ['clock', n]);
    await Promise.all(
      written.map((record) => {
        journal.append(record);
        return journal.durable();
      }),
    );
    await journal.close();
    expect(await replay()).toEqual(written);
  });

  test('durable waits for everything appended before it', async () => {
    const journal = await Journal.open(path, 'off');
    journal.append(['clock', 1]);
    journal.append(['clock', 2]);
    await journal.durable();
    expect(readFileSync(path, 'utf8')).toBe('["clock",1]\n["clock",2]\n');
    await journal.close();
  });

  test.each(['["clock",3', '["clock",3]', '["cl\n'])(
    'a torn last line (%j) is cut off, and writing goes on after the last whole one',
    async (torn) => {
      writeFileSync(path, `["clock",1]\n["clock",2]\n${torn}`);
      expect(await replay()).toEqual([
        ['clock', 1],
        ['clock', 2],
      ]);
      const journal = await Journal.open(path, 'off');
      journal.append(['clock', 4]);
      await journal.close();
      expect((await replay()).at(-1)).toEqual(['clock', 4]);
    },
  );

  test('a broken line in the middle is refused, and the file is left as it is', async () => {
    writeFileSync(path, '["clock",1]\n["clo\n["clock",3]\n');
    const size = statSync(path).size;
    await expect(replay()).rejects.toThrow('damaged at byte 12');
    expect(statSync(path).size).toBe(size);
  });

  test('lines longer than what is read at once come back whole', async () => {
    const url = `http://127.0.0.1/${'x'.repeat(5 * 1024 * 1024)}`;
    writeFileSync(path, `${JSON.stringify(['webhook_url', url])}\n["clock",2]\n`);
    expect(await replay()).toEqual([
      ['webhook_url', url],
      ['clock', 2],
    ]);
  });

  test('a failed write fails everyone who waits, then and later', async () => {
    const journal = await Journal.open(path, 'off');
    await journal.close();
    journal.append(['clock', 1]);
    await expect(journal.durable()).rejects.toThrow();
    journal.append(['clock', 2]);
    await expect(journal.durable()).rejects.toThrow();
  });
});

describe('the process', () => {
  test('what was answered survives kill -9, and a torn line beside it', async () => {
    const provider = await startProvider();
    try {
      const payments = Array.from({ length: 300 }, () => ({ idempotency_key: newKey(), ...samplePayment() }));
      const first = await provider.call('POST', '/v1/payments/bulk', { payments });
      await provider.kill();
      const journal = join(provider.folder, 'journal.jsonl');
      expect(existsSync(journal)).toBe(true);
      appendFileSync(journal, '["accepted",17,[["item_torn",100,"EUR"');
      await provider.restart();
      expect(await provider.books()).toMatchObject({ count: 300, duplicates: 0 });
      const again = await provider.call('POST', '/v1/payments/bulk', { payments });
      expect(again.body).toEqual(first.body);
      expect(await provider.books()).toMatchObject({ count: 300, duplicates: 0, requests: { taken_in: 0, replayed: 300 } });
    } finally {
      await provider.stop();
    }
  });

  test('killed under load, everything that was answered is in the books once', async () => {
    const provider = await startProvider();
    try {
      const keys = Array.from({ length: 400 }, newKey);
      const answered: string[] = [];
      const body = samplePayment();
      const calls = keys.map((key) =>
        provider.call('POST', '/v1/payments', body, { 'idempotency-key': key }).then(() => {
          answered.push(key);
          return answered.length === 100 ? provider.kill() : undefined;
        }),
      );
      await Promise.allSettled(calls);
      await provider.restart();
      const kept = new Set((await provider.payments()).map((payment) => payment.idempotency_key));
      expect(answered.length).toBeGreaterThanOrEqual(100);
      expect(answered.filter((key) => !kept.has(key))).toEqual([]);
      await Promise.all(keys.map((key) => provider.call('POST', '/v1/payments', body, { 'idempotency-key': key })));
      expect(await provider.books()).toMatchObject({ count: 400, duplicates: 0 });
    } finally {
      await provider.stop();
    }
  });
});
