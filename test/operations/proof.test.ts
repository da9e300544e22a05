import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { verifyProof } from '../../client/verify/proof.js';
import { proof as contract } from '../../contracts/batches.js';
import type { BatchProof, ProofItem } from '../../domain/audit/proof.js';
import { toWireId } from '../../domain/ids.js';
import { lookUpDue } from '../../operations/chunk/look-up-due.js';
import { payChunk } from '../../operations/chunk/pay.js';
import { editPayoutBatch } from '../../operations/payout-batch/edit.js';
import { showProof } from '../../operations/proof/show.js';
import { until } from '../harness/until.js';
import { openPayingWorld, type PayingWorld, tokens } from '../world/paying.js';

const quiet = () => {};

let world: PayingWorld;
let paid: BatchProof;
let trust: { verifierKey: string };

beforeAll(async () => {
  world = await openPayingWorld();
  trust = { verifierKey: world.services.signer.verifierKey };
  const batchId = await world.queued([...tokens(6), 'declined', 'lookup', 'acct']);
  await world.openUpTo('authorize', batchId);
  const edited = await editPayoutBatch(world.as(world.preparer), { batch_id: batchId, exclude: [{ batchId, ordinal: 8 }] } as never);
  if (!edited.ok) throw new Error(edited.refusal.detail);
  await world.openUpTo('execute', batchId);
  await world.sequence();
  await payChunk(world.worker(), { batchId, chunk: 0 }, quiet);
  await until('the batch to end', async () => {
    await lookUpDue(world.worker(), batchId, quiet);
    const view = await world.view(batchId);
    return view?.control.state === 'completed' ? view : undefined;
  });
  await world.sequence();
  paid = await proofOf(batchId);
}, 120_000);
afterAll(() => world?.close());

const proofOf = async (batchId: string, { reveal = true } = {}): Promise<BatchProof> => {
  const auditor = await world.person('auditor');
  const shown = await showProof(world.as(auditor), { batch_id: batchId, reveal });
  if (!shown.ok) throw new Error(shown.refusal.code);
  return JSON.parse(JSON.stringify(contract.parse(shown.value))) as BatchProof;
};

test('a paid batch is proved by its proof alone [S1-20] [S3-20]', () => {
  const report = verifyProof(paid, trust);
  expect(report.findings).toEqual([]);
  expect(report.lines.at(-1)).toBe('evidence ok');
  expect(report).toMatchObject({ ok: true, unsealed: 0, unopened: 0, proved: paid.events.length });
  expect(paid.at_rest).toBe(true);
  expect(paid.contents.map((content) => [content.content_version, content.count])).toEqual([
    [1, 9],
    [2, 8],
  ]);
  expect(paid.gates.map((gate) => gate.gate).sort()).toEqual(['approve', 'approve', 'authorize', 'authorize', 'execute']);
  expect(paid.items.map((item) => item.state)).toEqual(['paid', 'paid', 'paid', 'paid', 'paid', 'paid', 'failed', 'paid', 'excluded']);
  expect(paid.items[0]?.sent_to).toMatchObject({ name: 'Payee 0', kind: 'account_token' });
});

test('a proof whose gates carry an authenticator is proved as well: only the installation can check it', () => {
  const gates = paid.gates.map((gate) => Object.assign({}, gate, { authenticator: 'ab'.repeat(32) }));
  expect(verifyProof({ ...paid, gates }, trust).findings).toEqual([]);
});

/** The lists of a proof that shows nothing, and so contradicts nothing. */
const NOTHING = {
  ...{ contents: [], items: [], events: [], transitions: [], transfers: [], holds: [], preparers: [], challenges: [], gates: [], attempts: [] },
  checkpoint: null,
};

describe('any change of a proof is found', () => {
  const first = <T>(rows: readonly T[], change: (row: T) => T): T[] => rows.map((row, i) => (i === 0 ? change(row) : row));
  const item = (change: Partial<ProofItem>) => (proof: BatchProof) => ({
    ...proof,
    items: first(proof.items, (row) => ({ ...row, ...change })),
  });
  const batch = (change: Partial<BatchProof['batch']>) => (proof: BatchProof) => ({ ...proof, batch: { ...proof.batch, ...change } });
  const id = '01890000-0000-7000-8000-000000000000';
  const hash = 'ab'.repeat(32);

  test.each<[string, (proof: BatchProof) => BatchProof]>([
    ['amount', item({ amount: '101' })],
    ['reference', item({ reference: 'another' })],
    ['remittance', item({ remittance: 'another' })],
    ['payee', item({ payee_id: id })],
    ['destination', item({ destination_id: id })],
    ['commitment', item({ commitment: hash })],
    ['salt', item({ salt: '00'.repeat(16) })],
    ['name', item({ sent_to: { name: 'Another' } })],
    ['leaf', item({ leaf: hash })],
    ['state', item({ state: 'failed' })],
    ['item version', item({ version: 2 })],
    ['item id', item({ item_id: `item_${'0'.repeat(40)}` })],
    ['an item that is missing', (proof) => ({ ...proof, items: proof.items.slice(0, -1) })],
    ['an item more', (proof) => ({ ...proof, items: [...proof.items, ...proof.items.slice(0, 1)] })],
    ['tenant', batch({ tenant_id: id })],
    ['mode', batch({ mode: 'live' })],
    ['rail', batch({ rail: 'sepa' })],
    ['connection', batch({ connection_id: id })],
    ['funding account', batch({ funding_account_id: id })],
    ['currency', batch({ currency: 'USD' })],
    ['fee', batch({ fee_maximum: '1' })],
    ['execute by', batch({ execute_by: '2030-01-01T00:00:00.000Z' })],
    ['source', batch({ source: { type: 'csv', sha256: hash } })],
    ...(['total', 'root', 'digest'] as const).map((field): [string, (proof: BatchProof) => BatchProof] => [
      `content ${field}`,
      (proof) => ({ ...proof, contents: proof.contents.map((row) => ({ ...row, [field]: field === 'total' ? '1' : hash })) }),
    ]),
    ['gate person', (proof) => ({ ...proof, gates: first(proof.gates, (gate) => ({ ...gate, person_id: id })) })],
    ['gate digest', (proof) => ({ ...proof, gates: first(proof.gates, (gate) => ({ ...gate, digest: hash })) })],
    ['gate factor', (proof) => ({ ...proof, gates: first(proof.gates, (gate) => ({ ...gate, factor_id: id })) })],
    ['a gate that is missing', (proof) => ({ ...proof, gates: proof.gates.slice(1) })],
    [
      'execute gate opened after sending',
      (proof) => ({ ...proof, gates: proof.gates.map((gate) => ({ ...gate, opened_at: '2100-01-01T00:00:00.000Z' })) }),
    ],
    [
      'a preparer who opened a gate',
      (proof) => ({ ...proof, preparers: [...proof.preparers, { person_id: proof.gates[0]?.person_id ?? '', deed: 'edit', created_at: '' }] }),
    ],
    [
      'challenge expiry',
      (proof) => ({ ...proof, challenges: first(proof.challenges, (row) => ({ ...row, expires_at: '2100-01-01T00:00:00.000Z' })) }),
    ],
    ['challenge that was never used', (proof) => ({ ...proof, challenges: first(proof.challenges, (row) => ({ ...row, used_at: null })) })],
    ['transition', (proof) => ({ ...proof, transitions: first(proof.transitions, (row) => ({ ...row, provider_reference: 'another' })) })],
    ['transition that is missing', (proof) => ({ ...proof, transitions: proof.transitions.slice(1) })],
    [
      'transfer amount',
      (proof) => ({ ...proof, transfers: proof.transfers.map((row, i) => (i === proof.transfers.length - 1 ? { ...row, amount: '7' } : row)) }),
    ],
    ['transfer that is missing', (proof) => ({ ...proof, transfers: proof.transfers.slice(1) })],
    [
      'transfer twice',
      (proof) => ({ ...proof, transfers: [...proof.transfers, { ...(proof.transfers.at(-1) as BatchProof['transfers'][number]), id }] }),
    ],
    ['hold', (proof) => ({ ...proof, holds: proof.holds.map((row) => ({ ...row, remaining: '5' })) })],
    ['event', (proof) => ({ ...proof, events: first(proof.events, (row) => ({ ...row, event: { ...row.event, at: '2020-01-01T00:00:00.000Z' } })) })],
    ['event that is missing', (proof) => ({ ...proof, events: proof.events.slice(1) })],
    ['audit path', (proof) => ({ ...proof, events: first(proof.events, (row) => ({ ...row, path: row.path?.slice(1) ?? null })) })],
    ['event index', (proof) => ({ ...proof, events: first(proof.events, (row) => ({ ...row, index: (row.index ?? 0) + 1 })) })],
    [
      'every audit path and the checkpoint taken away',
      (proof) => ({ ...proof, checkpoint: null, events: proof.events.map((row) => ({ ...row, path: null })) }),
    ],
    ['batch state', batch({ state: 'cancelled' })],
    ['outcome', batch({ outcome: 'full' })],
    ['content version', batch({ content_version: 3 })],
    ['what a dispatch covers', (proof) => ({ ...proof, attempts: first(proof.attempts, (row) => ({ ...row, set_aside: 'ff' })) })],
    ['how a dispatch was rendered', (proof) => ({ ...proof, attempts: first(proof.attempts, (row) => ({ ...row, renderer_version: 99 })) })],
    ['an attempt that is missing', (proof) => ({ ...proof, attempts: proof.attempts.slice(1) })],
    [
      'no attempts, no audit paths and no checkpoint',
      (proof) => ({ ...proof, attempts: [], checkpoint: null, events: proof.events.map((row) => ({ ...row, path: null })) }),
    ],
    ['nothing but the batch', ({ batch, ...proof }) => ({ ...proof, ...NOTHING, batch: { ...batch, outcome: null } })],
    [
      'checkpoint',
      (proof) => ({
        ...proof,
        checkpoint: proof.checkpoint && { ...proof.checkpoint, note: proof.checkpoint.note.replace(/\n\d+\n/, '\n7\n') },
      }),
    ],
  ])('%s [S1-18]', (_what, change) => {
    const report = verifyProof(change(paid), trust);
    expect(report.ok).toBe(false);
    expect(report.lines.at(-1)).toMatch(/^evidence wrong: \d+ finding/);
  });
});

describe('names and account numbers', () => {
  const reveals = async (): Promise<{ result: string; actor: object; detail: object }[]> =>
    world.sql(`SELECT result, actor, detail FROM audit_event WHERE action = 'evidence.reveal' ORDER BY subject_seq`);

  test('are left out unless they are asked for, and the rest is proved without them', async () => {
    const before = await reveals();
    const masked = await proofOf(paid.batch.id, { reveal: false });
    expect([masked.revealed, paid.revealed]).toEqual([false, true]);
    expect(masked.items.map(({ salt, sent_to }) => [salt, sent_to])).toEqual(paid.items.map(() => [null, null]));
    const text = JSON.stringify(masked);
    for (const secret of ['account_token', ...paid.items.map(({ salt }) => salt ?? 'no salt')]) expect(text).not.toContain(secret);
    expect(JSON.stringify(paid)).toContain('account_token');
    expect(await reveals()).toEqual(before);
    const report = verifyProof(masked, trust);
    expect(report).toMatchObject({ ok: true, findings: [], unsealed: 0, unopened: paid.items.length });
    expect(report.lines.join('\n')).toContain(`${paid.items.length} destinations not revealed`);
    const rest = (proof: BatchProof) => proof.items.map((item) => ({ ...item, salt: null, sent_to: null }));
    expect(rest(masked)).toEqual(rest(paid));
  });

  test('are shown to owner, admin and auditor, and an event says so each time', async () => {
    for (const role of ['owner', 'admin', 'auditor'] as const) {
      const who = await world.person(role);
      const shown = await showProof(world.as(who), { batch_id: paid.batch.id, reveal: true });
      expect(shown).toMatchObject({ ok: true, value: { items: expect.arrayContaining([expect.objectContaining({ sent_to: expect.anything() })]) } });
      const detail = { batch_id: toWireId('batch', paid.batch.id), items: paid.items.length };
      expect((await reveals()).at(-1)).toMatchObject({ result: 'ok', actor: { type: 'user', personId: who.id }, detail });
    }
  });

  test('are opened only once that event is committed', async () => {
    const who = await world.person('auditor');
    const { vault } = world.services;
    const seen: number[] = [];
    const subjectKeys: typeof vault.subjectKeys = async (...given) => {
      seen.push((await reveals()).filter(({ actor }) => JSON.stringify(actor).includes(who.id)).length);
      return vault.subjectKeys(...given);
    };
    const watched = { ...vault, subjectKeys };
    await showProof(world.as(who, { services: { vault: watched } }), { batch_id: paid.batch.id, reveal: true });
    expect(seen).toEqual([1]);
    await showProof(world.as(who, { services: { vault: watched } }), { batch_id: paid.batch.id, reveal: false });
    expect(seen).toEqual([1]);
  });

  test('are refused to everybody else, and to every key, and the attempt is in the log', async () => {
    for (const role of ['preparer', 'approver', 'authorizer', 'executor'] as const) {
      const refused = await showProof(world.as(await world.person(role)), { batch_id: paid.batch.id, reveal: true });
      expect(refused).toMatchObject({ ok: false, refusal: { code: 'forbidden', extra: { permission: 'payees.reveal' } } });
    }
    const owner = await world.person('owner');
    const key = { type: 'api_key', keyId: world.services.entropy.newId(), ownerPersonId: owner.id, scopes: ['audit.read', 'payees.reveal'] } as const;
    const refused = await showProof(world.as(key), { batch_id: paid.batch.id, reveal: true });
    expect(refused).toMatchObject({ ok: false, refusal: { code: 'forbidden' } });
    expect((await reveals()).slice(-5).map(({ result }) => result)).toEqual(Array(5).fill('forbidden'));
  });
});

test('a queued batch is proved too: nothing was opened, nothing was sent', async () => {
  const proof = await proofOf(await world.queued(tokens(3)));
  const report = verifyProof(proof, trust);
  expect(report.findings).toEqual([]);
  expect(report).toMatchObject({ ok: true, proved: 0, unsealed: 1 });
  expect(report.lines.at(-1)).toBe('evidence ok, but 1 of its events is not signed yet');
});

test('a foreign batch and an absent one are refused alike [S1-03]', async () => {
  const other = await world.workspace();
  const auditor = await world.person('auditor', [other.tenantId]);
  const ask = (batch_id: string) => showProof(world.as(auditor, other), { batch_id, reveal: true });
  const [foreign, absent] = [await ask(paid.batch.id), await ask('01890000-0000-7000-8000-000000000000')];
  expect(foreign).toMatchObject({ ok: false, refusal: { code: 'not_found' } });
  expect(foreign).toEqual(absent);
});
