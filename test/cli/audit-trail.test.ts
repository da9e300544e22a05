import { expect, test } from '@jest/globals';
import type { ExportRecord } from '../../domain/audit/export.js';
import { toWireId } from '../../domain/ids.js';
import { sampleLog, signer } from '../client/sample-log.js';
import { problemOf, runSluice } from './run-sluice.js';
import { type Answer, apiOf } from './scripted-api.js';

const LOG = sampleLog(1, 0);

/** The people who opened the gates of the log, as events name them. */
const openers = (records: readonly ExportRecord[]): string[] =>
  records.flatMap((record) => {
    const actor = record.type === 'event' ? (record.event as { actor?: { personId?: string } } | null)?.actor : undefined;
    return actor?.personId ?? [];
  });
const member = (id: string, place: number) => ({
  ...{
    object: 'person',
    id: toWireId('person', id),
    name: `Ada ${place}\u001b[2J`,
    email: 'a@example.com',
    roles: ['approver'],
    active: true,
    email_verified: true,
  },
});

const trail = async (people: (path: string) => Answer, flags: string[] = []) => {
  const { env } = await apiOf(({ path }) => (path.startsWith('/v1/people') ? people(path) : { lines: LOG }));
  return runSluice([...flags, 'audit', 'trail', '--key', signer.verifierKey], { env });
};
const page = (data: { id: string }[], more: boolean): Answer => ({
  status: 200,
  body: { object: 'list', data, has_more: more, next_cursor: more ? data.at(-1)?.id : null },
});

test('a person stands with the name behind the id, from every page of people', async () => {
  const [first = '', ...others] = openers(LOG);
  const { code, stdout } = await trail((path) =>
    path.includes('starting_after')
      ? page(
          others.map((id, place) => member(id, place + 1)),
          false,
        )
      : page([member(first, 0)], true),
  );
  expect(code).toBe(0);
  expect(stdout).toContain(`user ${first} (Ada 0\\u{1b}[2J)`);
  for (const [place, id] of others.entries()) expect(stdout).toContain(`user ${id} (Ada ${place + 1}`);
  expect(stdout).toContain('checksum ok');
});

test('without the right to read people, and as JSON, the log is printed as it is', async () => {
  const [first = ''] = openers(LOG);
  const refused = await trail(() => problemOf('forbidden', 403));
  expect([refused.code, refused.stdout]).toEqual([0, expect.stringContaining(`user ${first}  batch`)]);
  const json = await trail(() => page([member(first, 0)], false), ['--json']);
  expect(json.stdout).not.toContain('Ada');
});
