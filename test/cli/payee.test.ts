import { expect, test } from '@jest/globals';
import { PERSON, problemOf, runSluice } from './run-sluice.js';
import { apiOf } from './scripted-api.js';

const PAYEE = {
  object: 'payee',
  id: 'payee_0198c2aa7c1e7b3d9f10a4c2e6b80d11',
  reference: 'ana-1',
  name: 'Ana Lopes',
  payee_type: 'individual',
  country: 'PT',
  destination: null,
  held: true,
};

test.each([
  [['hold', 'ana-1', '--reason', 'taken over'], `/v1/payees/${PAYEE.id}/hold`],
  [['release', 'ana-1', '--reason', 'it is them'], `/v1/payees/${PAYEE.id}/release`],
  [['show', 'ana-1'], `/v1/payees/${PAYEE.id}`],
  [['add-destination', 'ana-1', '--iban', 'DE89370400440532013000'], `/v1/payees/${PAYEE.id}/destinations`],
  [['edit', 'ana-1', '--country', 'AT', '--reason', 'moved'], `/v1/payees/${PAYEE.id}`],
  [['show', PAYEE.id], `/v1/payees/${PAYEE.id}`],
])('payee %j finds the payee by reference or id', async (argv, path) => {
  const { env, received } = await apiOf((request) => {
    const isList = request.path.startsWith('/v1/payees?');
    return { status: 200, body: isList ? { data: request.path.includes('reference=ana-1') ? [PAYEE] : [] } : PAYEE };
  });
  expect((await runSluice(['payee', ...argv], { env })).code).toBe(0);
  expect(received.at(-1)?.path).toBe(path);
});

test('a reference that no payee has is said before anything else is asked', async () => {
  const { env, received } = await apiOf(() => ({ status: 200, body: { data: [] } }));
  const { code, stderr } = await runSluice(['payee', 'hold', 'nobody', '--reason', 'x'], { env });
  expect([code, received.map(({ method }) => method)]).toEqual([1, ['GET']]);
  expect(stderr).toContain('There is no payee with the id or reference nobody.');
});

test('a correction says what was given and nothing else', async () => {
  const { env, received } = await apiOf(() => ({ status: 200, body: PAYEE }));
  await runSluice(['payee', 'edit', PAYEE.id, '--type', 'company', '--name', 'Ana Lda', '--reason', 'a firm now'], { env });
  const edit = received.at(-1);
  expect([edit?.method, JSON.parse(edit?.body ?? '')]).toEqual(['PATCH', { payee_type: 'company', name: 'Ana Lda', reason: 'a firm now' }]);
});

test('a correction that makes a new version says why, and that the account is the same', async () => {
  const edited = async (before: number | null, now: number, masked = 'IBAN PT …0154') => {
    const of = (version: number, text: string) => ({ ...PAYEE, destination: { id: 'dest_1', kind: 'iban', masked: text, version } });
    const { env } = await apiOf(({ method }) => ({
      status: 200,
      body: method === 'GET' ? (before === null ? PAYEE : of(before, 'IBAN PT …0154')) : of(now, masked),
    }));
    return (await runSluice(['payee', 'edit', PAYEE.id, '--name', 'Ana Lda'], { env })).stderr;
  };
  expect(await edited(1, 2)).toContain('The account is the same. Its version is 2 now because name, type and country are part of a version');
  for (const [before, now, masked] of [
    [2, 2],
    [null, 1],
    [1, 3, 'IBAN DE …3000'],
  ] as const)
    expect(await edited(before, now, masked)).not.toContain('The account is the same');
});

test('what the API says about roles is shown', async () => {
  const { env } = await apiOf(() => problemOf('forbidden', 403, { detail: 'This needs payees.hold; an approver or an admin may.' }));
  expect((await runSluice(['payee', 'hold', PAYEE.id, '--reason', 'x'], { env })).stderr).toContain('an approver or an admin may');
});

test('a payee that is held already: the reason that is not stored is said to be', async () => {
  const hold = { held_at: '2026-01-01T00:00:00Z', held_by: { ...PERSON, api_key: null }, reason: 'a call about fraud' };
  const { env } = await apiOf(() => ({ status: 200, body: { ...PAYEE, hold } }));
  const again = await runSluice(['payee', 'hold', PAYEE.id, '--reason', 'another'], { env });
  expect(again.stderr).toContain('The payee was held already, since 2026-01-01T00:00:00Z by Ada Lovelace (approver); your reason was not stored.');
  expect((await runSluice(['payee', 'hold', PAYEE.id, '--reason', hold.reason], { env })).stderr).not.toContain('already');
});
