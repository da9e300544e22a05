import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { openRelayStore } from '../../db/relay.js';
import { systemEntropy } from '../../vault/entropy.js';
import { openWorld, type World } from '../world/open.js';
import { type Attempts, openAttempts } from './attempts.js';

jest.setTimeout(120_000);

let world: World;
let attempts: Attempts;
/** The relays of two processes. */
let relays: ReturnType<typeof openRelayStore>[];
beforeAll(async () => {
  world = await openWorld();
  attempts = await openAttempts(world);
  relays = [openRelayStore(world.database.urls.relay), openRelayStore(world.database.urls.relay)];
});
afterAll(async () => {
  for (const relay of relays ?? []) await relay.close();
  await attempts?.close();
  await world?.close();
});
beforeEach(() => world.sql('DELETE FROM mail_message'));

const LEASE_MS = 60_000;
const queue = () => {
  const [relay] = relays;
  if (!relay) throw new Error('no relay');
  return relay.mail;
};
const letter = (hours = 24) => ({ id: systemEntropy.newId(), template: 'factor_locked' as const, sealed: systemEntropy.bytes(60), hours });
const written = async (hours?: number) => {
  const row = letter(hours);
  await world.api().inTenant(({ mail }) => mail.add(row));
  return row;
};
const isDue = (id: string) => world.sql(`UPDATE mail_message SET next_at = now() WHERE id = $1`, [id]);

describe('a letter', () => {
  test('commits with what it tells of, or not at all, and names the request that caused it', async () => {
    const [kept, lost] = [letter(), letter()];
    const asking = world.api();
    await asking.inTenant(({ mail }) => mail.add(kept));
    await expect(
      world.api().inTenant(async ({ mail }) => {
        await mail.add(lost);
        throw new Error('rolled back');
      }),
    ).rejects.toThrow('rolled back');
    expect(await world.sql('SELECT id, template, request_id FROM mail_message')).toEqual([
      { id: kept.id, template: 'factor_locked', request_id: asking.requestId },
    ]);
  });

  test('is claimed once, by one of many, and again when its lease has ended', async () => {
    const rows = await Promise.all(Array.from({ length: 20 }, () => written()));
    const claims = await Promise.all(Array.from({ length: 8 }, (_, i) => (relays[i % 2] ?? relays[0])?.mail.claim(5, LEASE_MS) ?? []));
    const claimed = claims.flat();
    expect(claimed.map(({ id }) => id).sort()).toEqual(rows.map(({ id }) => id).sort());
    expect(new Set(claimed.map(({ attempts: count }) => count))).toEqual(new Set([1]));
    expect(await queue().claim(5, LEASE_MS)).toEqual([]);
    const [first] = rows;
    await isDue(first?.id ?? '');
    expect(await queue().claim(5, LEASE_MS)).toMatchObject([{ id: first?.id, attempts: 2, expired: false, template: 'factor_locked' }]);
  });

  test('is claimed with what was sealed', async () => {
    const { id, sealed } = await written();
    const [claimed] = await queue().claim(1, LEASE_MS);
    expect(claimed).toMatchObject({ id, createdAt: expect.any(Date) });
    expect(Buffer.from(claimed?.sealed ?? [])).toEqual(Buffer.from(sealed));
  });

  test('that was sent is gone', async () => {
    const { id } = await written();
    await queue().claim(1, LEASE_MS);
    await queue().sent(id);
    expect(await world.sql('SELECT 1 FROM mail_message')).toEqual([]);
  });

  test('that was not sent is due again after its time, and says why', async () => {
    await written();
    const [claimed] = await queue().claim(1, LEASE_MS);
    if (!claimed) throw new Error('nothing was claimed');
    await queue().notSent(claimed, 'the disk is full', 3_600_000, 'again');
    const [row] = await world.sql<{ problem: string; wait: number }>(
      `SELECT problem, extract(epoch FROM next_at - now())::float8 AS wait FROM mail_message`,
    );
    expect(row?.problem).toBe('the disk is full');
    expect(Math.abs((row?.wait ?? 0) - 3_600)).toBeLessThan(60);
    expect(await queue().claim(1, LEASE_MS)).toEqual([]);
  });

  test('that is given up is erased, never claimed again, and counted', async () => {
    const { id } = await written();
    await written();
    const [claimed] = await queue().claim(1, LEASE_MS);
    expect(claimed?.id).toBe(id);
    if (claimed) await queue().notSent(claimed, 'refused', 0, 'dead');
    expect(await world.sql('SELECT sealed, problem, dead_at IS NOT NULL AS dead FROM mail_message WHERE id = $1', [id])).toEqual([
      { sealed: null, problem: 'refused', dead: true },
    ]);
    await isDue(id);
    expect((await queue().claim(9, LEASE_MS)).map((one) => one.id)).not.toContain(id);
    expect(await queue().backlog()).toMatchObject({ waiting: 1, dead: 1 });
  });

  test('that another process has claimed since is not given up by the one that came too late', async () => {
    const { id } = await written();
    const [late] = await queue().claim(1, LEASE_MS);
    await isDue(id);
    await queue().claim(1, LEASE_MS);
    if (late) await queue().notSent(late, 'refused', 0, 'dead');
    expect(await world.sql('SELECT attempts, problem FROM mail_message')).toEqual([{ attempts: 2, problem: null }]);
  });

  test('says by the clock of the database when it is not worth sending any more', async () => {
    const { id } = await written(1);
    const [early] = await queue().claim(1, LEASE_MS);
    expect(early?.expired).toBe(false);
    await world.sql(`UPDATE mail_message SET next_at = now(), expires_at = now() WHERE id = $1`, [id]);
    const [late] = await queue().claim(1, LEASE_MS);
    expect(late?.expired).toBe(true);
  });

  test('that was given up is forgotten after 30 days', async () => {
    const [old, young, waiting] = [await written(), await written(), await written()];
    for (const claimed of await queue().claim(9, LEASE_MS)) if (claimed.id !== waiting.id) await queue().notSent(claimed, 'refused', 0, 'dead');
    await world.sql(`UPDATE mail_message SET dead_at = now() - interval '31 days' WHERE id = $1`, [old.id]);
    await world.sql(`UPDATE mail_message SET dead_at = now() - interval '29 days' WHERE id = $1`, [young.id]);
    await world.sql(`UPDATE mail_message SET created_at = now() - interval '99 days' WHERE id = $1`, [waiting.id]);
    expect(await queue().forget(9)).toBe(1);
    const left = await world.sql<{ id: string }>('SELECT id FROM mail_message');
    expect(left.map(({ id }) => id).sort()).toEqual([young.id, waiting.id].sort());
  });
});

describe('rights [S3-06]', () => {
  test('no process reads or writes the table', async () => {
    await written();
    for (const role of ['api', 'worker', 'relay', 'sequencer'] as const)
      for (const statement of [
        'SELECT 1 FROM mail_message',
        'INSERT INTO mail_message DEFAULT VALUES',
        'UPDATE mail_message SET attempts = 0',
        'DELETE FROM mail_message',
      ])
        expect(await attempts.attempt(role, [statement])).toMatch(/permission denied for table mail_message/);
  });

  test('the API adds letters, the relay takes them, and nobody else does either', async () => {
    const calls = {
      api: [`SELECT sluice_write_mail(gen_random_uuid(), 'factor_locked', '\\x00', 'req_1', interval '1 hour')`],
      relay: [
        `SELECT * FROM sluice_claim_mail(1, interval '1 minute')`,
        `SELECT sluice_mail_sent(gen_random_uuid())`,
        `SELECT sluice_mail_not_sent(gen_random_uuid(), 1, 'no', interval '1 minute', true)`,
        `SELECT * FROM sluice_mail_backlog()`,
        `SELECT sluice_forget_mail(1)`,
      ],
    };
    for (const role of ['api', 'worker', 'relay', 'sequencer'] as const)
      for (const [owner, statements] of Object.entries(calls))
        for (const statement of statements) {
          const refused = await attempts.attempt(role, [statement]);
          if (role === owner) expect(refused).toBeNull();
          else expect(refused).toMatch(/permission denied for function/);
        }
  });
});
