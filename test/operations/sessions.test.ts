import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { toWireId } from '../../domain/ids.js';
import type { Context } from '../../operations/context.js';
import { endOtherSession, endOtherSessions } from '../../operations/session/end-other.js';
import { listSessions } from '../../operations/session/list.js';
import { systemEntropy } from '../../vault/entropy.js';
import { openWorld, type World } from '../world/open.js';
import type { Person } from '../world/people.js';
import { codeOf, must } from '../world/wire.js';
import type { Workspace } from '../world/workspaces.js';

let world: World;
let elsewhere: Workspace;
beforeAll(async () => {
  world = await openWorld();
  elsewhere = await world.workspace();
});
afterAll(() => world?.close());

const opened = async (who: Person, { tenantId = world.home.tenantId, expiresAt = new Date(Date.now() + 3_600_000) } = {}) => {
  const id = systemEntropy.newId();
  const { hash } = world.credentials.newToken('session', 'test');
  const row = { id, tokenHash: hash, personId: who.id, expiresAt, withFactor: true, device: 'a browser', network: '203.0.113.0/24' };
  await world.as(who, { tenantId }).inTenant((stores) => stores.sessions.insert(row));
  const ctx: Context = world.as(who, { tenantId });
  if (ctx.actor.type !== 'user') throw new Error('a person acts as a user');
  return { id, hash, ctx: { ...ctx, actor: { ...ctx.actor, sessionId: id } } };
};
const isOpen = async (hash: Uint8Array): Promise<boolean> => (await world.publicContext().directory.session(hash))?.ended === false;
const page = { limit: 50 };

describe('the sessions of a person', () => {
  test('are listed, of all workspaces, newest first, without those that have ended, with where and when', async () => {
    const who = await world.person('approver', [world.home.tenantId, elsewhere.tenantId]);
    const [first, second] = [await opened(who), await opened(who, elsewhere)];
    const over = await opened(who, { expiresAt: new Date(Date.now() - 1_000) });
    const stranger = await opened(await world.person('approver'));
    const { data } = must(await listSessions(first.ctx, page));
    expect(data.map(({ id, workspace_id, current }) => [id, workspace_id, current])).toEqual([
      [toWireId('session', second.id), toWireId('workspace', elsewhere.tenantId), false],
      [toWireId('session', first.id), toWireId('workspace', world.home.tenantId), true],
    ]);
    expect(data[0]).toMatchObject({ device: 'a browser', network: '203.0.113.0/24', last_used_at: null });
    for (const { id } of [over, stranger]) expect(JSON.stringify(data)).not.toContain(id.replaceAll('-', ''));
    const paged = must(await listSessions(first.ctx, { limit: 1 }));
    expect(paged).toMatchObject({ has_more: true, next_cursor: data[0]?.id });
    expect(must(await listSessions(first.ctx, { limit: 1, starting_after: data[0]?.id })).data).toEqual([data[1]]);
  });

  test('are ended one by one, from any workspace, and those of others are not there [S4-14]', async () => {
    const who = await world.person('approver', [world.home.tenantId, elsewhere.tenantId]);
    const [here, there] = [await opened(who), await opened(who, elsewhere)];
    const stranger = await opened(await world.person('approver'));
    expect(codeOf(await endOtherSession(here.ctx, { session_id: stranger.id }))).toBe('not_found');
    expect(await isOpen(stranger.hash)).toBe(true);
    expect(must(await endOtherSession(here.ctx, { session_id: there.id })).ended).toEqual([toWireId('session', there.id)]);
    expect([await isOpen(here.hash), await isOpen(there.hash)]).toEqual([true, false]);
    expect(codeOf(await endOtherSession(here.ctx, { session_id: there.id }))).toBe('not_found');
  });

  test('are ended all but the one that asks, in all workspaces, in one event that names them [S4-14] [S5-14]', async () => {
    const who = await world.person('approver', [world.home.tenantId, elsewhere.tenantId]);
    const here = await opened(who);
    const others = [await opened(who), await opened(who, elsewhere)];
    const stranger = await opened(await world.person('approver'));
    const ids = others.map(({ id }) => toWireId('session', id)).sort();
    expect([...must(await endOtherSessions(here.ctx)).ended].sort()).toEqual(ids);
    expect(await Promise.all([here, ...others, stranger].map(({ hash }) => isOpen(hash)))).toEqual([true, false, false, true]);
    const [event] = (await world.audited('session.end_others')).slice(-1);
    expect(event).toMatchObject({ result: 'ok', subject_id: who.id });
    const [{ detail } = { detail: null }] = await world.sql(
      `SELECT detail FROM audit_event WHERE action = 'session.end_others' AND subject_id = $1`,
      [who.id],
    );
    expect(detail).toEqual({ count: 2, sessions: expect.arrayContaining(ids) });
    expect(must(await endOtherSessions(here.ctx)).ended).toEqual([]);
  });

  test('are those of people: a key has none', async () => {
    const key = world.as({ type: 'api_key', keyId: systemEntropy.newId(), ownerPersonId: (await world.person('admin')).id, scopes: [] });
    for (const answer of [
      await listSessions(key, page),
      await endOtherSessions(key),
      await endOtherSession(key, { session_id: systemEntropy.newId() }),
    ])
      expect(codeOf(answer)).toBe('forbidden');
  });
});

describe('the last use of a session', () => {
  test('is noted once a minute, and not once it has ended', async () => {
    const { directory } = world.publicContext();
    const session = await opened(await world.person('approver'));
    const noted = async () => (await world.sql<{ at: Date | null }>('SELECT last_used_at AS at FROM session WHERE id = $1', [session.id]))[0]?.at;
    const unnoted = async () => (await directory.session(session.hash))?.unnoted;
    expect([await unnoted(), await noted()]).toEqual([true, null]);
    await directory.noteSession(session.hash);
    const first = await noted();
    expect([await unnoted(), first]).toEqual([false, expect.any(Date)]);
    await directory.noteSession(session.hash);
    expect(await noted()).toEqual(first);
    await world.sql(`UPDATE session SET last_used_at = now() - interval '61 seconds' WHERE id = $1`, [session.id]);
    expect(await unnoted()).toBe(true);
    must(await endOtherSession(session.ctx, { session_id: session.id }));
    const last = await noted();
    await directory.noteSession(session.hash);
    expect(await noted()).toEqual(last);
  });
});
