import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { BATCH, emptyFolder, runSluice } from './run-sluice.js';
import { otherVerifierKey, sampleProof, verifierKey } from './sample-proof.js';
import { apiOf } from './scripted-api.js';

const proof = sampleProof();
const forged = { ...proof, items: proof.items.map((item) => ({ ...item, amount: '1' })) };

/** The environment of a command whose API answers this evidence. */
const serving = async (evidence: object) => {
  const { env } = await apiOf(({ path }) => ({
    status: 200,
    body: path.includes('/evidence') ? evidence : { object: 'checkpoint', verifier_key: verifierKey },
  }));
  return env;
};

const folderWith = (files: Record<string, string>): string => {
  const cwd = emptyFolder();
  for (const [name, text] of Object.entries(files)) writeFileSync(join(cwd, name), text);
  return cwd;
};

describe('sluice batch evidence --verify', () => {
  test('verifies what the server answers, against a key that is given; the document goes to --out', async () => {
    const cwd = folderWith({ 'sluice.key': `${verifierKey}\n` });
    const argv = ['batch', 'evidence', BATCH.id, '--verify', '--key', 'sluice.key', '--out', 'evidence.json'];
    const { code, stdout } = await runSluice(argv, { cwd, env: await serving(proof) });
    expect([code, stdout.trim().split('\n').at(-1)]).toEqual([0, 'evidence ok']);
    expect(JSON.parse(readFileSync(join(cwd, 'evidence.json'), 'utf8'))).toEqual(proof);
  });

  test.each([
    [[], '/evidence', 'without names and account numbers (--reveal)'],
    [['--reveal'], '/evidence?reveal=true', ', with names and account numbers.'],
  ])('%j asks for %s, and says what the document has', async (flags, path, says) => {
    const { env, received } = await apiOf(() => ({ status: 200, body: proof }));
    const { stderr } = await runSluice(['batch', 'evidence', BATCH.id, '--out', 'evidence.json', ...flags], { cwd: emptyFolder(), env });
    expect(received.at(-1)?.path.endsWith(path)).toBe(true);
    expect(stderr).toContain(says);
  });

  test("without a key it takes the server's own, and says that this proves less", async () => {
    const { code, stderr } = await runSluice(['batch', 'evidence', BATCH.id, '--verify'], { env: await serving(proof) });
    expect([code, stderr.includes('not its own witness')]).toEqual([0, true]);
  });

  test('what does not hold exits 1 with the reason', async () => {
    const { code, stdout, stderr } = await runSluice(['batch', 'evidence', BATCH.id, '--verify', '--key', verifierKey], {
      env: await serving(forged),
    });
    expect([code, stderr.trim()]).toEqual([1, 'The evidence does not hold.']);
    expect(stdout).toMatch(/^changed: item item_\S+ is not what its leaf says$/m);
  });

  test('the sound evidence of another batch exits 1', async () => {
    const other = BATCH.id.replace(/1$/, '2');
    const { code, stdout, stderr } = await runSluice(['batch', 'evidence', other, '--verify', '--key', verifierKey], { env: await serving(proof) });
    expect([code, stderr.includes('the evidence of another batch')]).toEqual([1, true]);
    expect(stdout).not.toMatch(/\bok\b/);
  });

  test('--key alone is wrong usage', async () => {
    expect((await runSluice(['batch', 'evidence', BATCH.id, '--key', verifierKey], { env: await serving(proof) })).code).toBe(2);
  });
});

describe('sluice evidence verify, with no server at all', () => {
  const verify = (file: string, ...more: string[]) =>
    runSluice(['evidence', 'verify', 'evidence.json', ...more], { cwd: folderWith({ 'evidence.json': file }) });

  test('evidence that holds', async () => {
    const { code, stdout } = await verify(JSON.stringify(proof), '--key', verifierKey, '--batch', BATCH.id);
    expect([code, stdout.trim().split('\n').at(-1)]).toEqual([0, 'evidence ok']);
    const json = await verify(JSON.stringify(proof), '--key', verifierKey, '--json');
    expect(JSON.parse(json.stdout)).toMatchObject({ ok: true, proved: 1, unsealed: 0, findings: [] });
  });

  test.each([
    ['a changed amount', JSON.stringify(forged), verifierKey, /^changed: /m],
    ['the key of somebody else', JSON.stringify(proof), otherVerifierKey, /^unsigned: the checkpoint is not signed by sluice-test$/m],
    ['an unknown version', JSON.stringify({ ...proof, version: 'x' }), verifierKey, /^malformed: a proof has the version sluice-evidence-v2/m],
    ['a document that is not whole', JSON.stringify({ ...proof, items: null }), verifierKey, /^malformed: the proof is not complete/m],
    [
      'words that would clear the terminal',
      JSON.stringify({ ...forged, batch: { ...proof.batch, state: '\u001b[2Jpaid' } }),
      verifierKey,
      /^changed: /m,
    ],
  ])('%s exits 1 and says so', async (_what, file, key, says) => {
    const { code, stdout } = await verify(file, '--key', key);
    expect(code).toBe(1);
    expect(stdout).toMatch(says);
    expect(stdout).not.toMatch(/^evidence ok/m);
    expect(stdout).not.toContain('\u001b');
  });

  test('a file that is not JSON exits 1; a missing key, a missing file or a malformed id exits 2', async () => {
    expect((await verify('{"object"', '--key', verifierKey)).code).toBe(1);
    expect((await verify(JSON.stringify(proof))).code).toBe(2);
    expect((await verify(JSON.stringify(proof), '--key', verifierKey, '--batch', 'june')).code).toBe(2);
    expect((await runSluice(['evidence', 'verify', 'nothing.json', '--key', verifierKey])).code).toBe(2);
  });
});

test.each([
  ['audit', 'verify', '--export', 'some.json'],
  ['evidence', 'verify', 'some.json'],
])('a key in a file that is not there: %j says so', async (...argv) => {
  const cwd = emptyFolder();
  writeFileSync(join(cwd, 'some.json'), '{}');
  const { code, stderr } = await runSluice([...argv, '--key', 'nope.key'], { cwd });
  expect([code, stderr.trim()]).toEqual([2, 'There is no file nope.key.']);
});
