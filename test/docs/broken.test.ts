import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { applyPatch, FOLDER, parsePatch, patchNames, readPatch } from '../../dev/broken/patches.js';

const ROOT = join(import.meta.dirname, '..', '..');

interface Config {
  projects: { displayName: string; testMatch: string[] }[];
}

/** What `npm run test:broken` would stumble over; null when the patch fits the code as it stands. */
const problemOf = (name: string, { projects }: Config): string | null => {
  try {
    const patch = readPatch(ROOT, name);
    applyPatch(patch, ROOT);
    if (!existsSync(join(ROOT, patch.test))) return `${name}: there is no ${patch.test}`;
    const folder = patch.test.split('/').slice(0, 2).join('/');
    const family = projects.find(({ testMatch }) => testMatch.includes(`<rootDir>/${folder}/**/*.test.ts`))?.displayName;
    return family === patch.family ? null : `${name}: ${patch.test} is of the family ${family}, not ${patch.family}`;
  } catch (error) {
    return (error as Error).message;
  }
};

test('every broken patch finds its code exactly once, and its test', async () => {
  const { default: config } = (await import(join(ROOT, 'jest.config.js'))) as { default: Config };
  const names = patchNames(ROOT);
  expect(names.length).toBeGreaterThan(100);
  expect(names.map((name) => problemOf(name, config)).filter((problem) => problem !== null)).toEqual([]);
});

test('nothing but patches lies in their folder', () => {
  expect(readdirSync(join(ROOT, FOLDER)).filter((file) => !file.endsWith('.txt'))).toEqual([]);
});

describe('a patch', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'sluice-broken-'));
    mkdirSync(join(root, 'db', 'inner'), { recursive: true });
  });
  afterEach(() => rmSync(root, { recursive: true }));

  const patchOf = (swap: string) => parsePatch('one', `family: unit\ntest: test/one.test.ts\n\nIt holds: it does not.\n\nin: db/\n${swap}\n`);
  const write = (path: string, text: string) => writeFileSync(join(root, path), text);

  test.each([
    ['as it stands', 'if (a && isSafe(b, c)) go();'],
    ['wrapped by a formatter', 'if (\n  a &&\n  isSafe(\n    b,\n    c,\n  )\n)\n  go();'],
  ])('finds its code %s', (_, text) => {
    write('db/inner/deep.ts', text);
    const changed = applyPatch(patchOf('- isSafe(b, c)\n+ true'), root);
    expect([...changed.keys()]).toEqual(['db/inner/deep.ts']);
    expect(changed.get('db/inner/deep.ts')?.replace(/\s+/g, '')).toBe('if(a&&true)go();');
  });

  test('takes away, adds lines, and takes what it writes literally', () => {
    write('db/a.sql', 'WHERE a AND b;');
    expect(applyPatch(patchOf('- AND b'), root).get('db/a.sql')).toBe('WHERE a ;');
    expect(applyPatch(patchOf("- a AND\n- b\n+ $&\n+ $1 '"), root).get('db/a.sql')).toBe("WHERE $&\n$1 ';");
  });

  test('replaces one place after the other', () => {
    write('db/a.ts', 'first(); second();');
    expect(applyPatch(patchOf('- first()\n+ 1\n\nin: db/a.ts\n- second()\n+ 2'), root).get('db/a.ts')).toBe('1; 2;');
  });

  test('says how often its code occurs when that is not once, in whole words', () => {
    write('db/a.ts', 'key; monkey; keys; key;');
    write('db/b.ts', 'monkey');
    expect(() => applyPatch(patchOf('- key'), root)).toThrow('one: "key" occurs 2 times in db/, not once: db/a.ts');
    expect(() => applyPatch(patchOf('- mon key'), root)).toThrow('one: "mon key" occurs 0 times in db/, not once');
    expect(() => applyPatch({ ...patchOf('- key'), swaps: [{ place: 'gone/', search: 'key', replacement: '' }] }, root)).toThrow(
      'one: there is no gone/',
    );
  });

  test.each([
    ['no test', 'family: unit\n\nIt holds.\n\nin: db/\n- a\n', 'it must begin with'],
    ['no sentence', 'family: unit\ntest: a.test.ts\n\nin: db/\n- a\n', 'must say in a sentence'],
    ['no replacement', 'family: unit\ntest: a.test.ts\n\nIt holds.\n', 'it replaces nothing'],
    ['nothing to search for', 'family: unit\ntest: a.test.ts\n\nIt holds.\n\nin: db/\n+ a\n', 'a replacement is'],
    ['the same again', 'family: unit\ntest: a.test.ts\n\nIt holds.\n\nin: db/\n- a(b)\n+ a( b )\n', 'is replaced by itself'],
  ])('is refused with %s', (_, text, words) => {
    expect(() => parsePatch('one', text)).toThrow(words);
  });
});
