import { readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { expect, test } from '@jest/globals';

const ROOT = join(import.meta.dirname, '..', '..');
const IMPORT = /(?:from|import)\s*\(?\s*'(\.[^']+)\.js'/g;

/** Every file of ours that a composition root can load, itself included, with its text. */
const reachable = (root: string): Map<string, string> => {
  const found = new Map<string, string>();
  const visit = (path: string): void => {
    const name = relative(ROOT, path);
    if (found.has(name)) return;
    const text = readFileSync(path, 'utf8');
    found.set(name, text);
    for (const [, target] of text.matchAll(IMPORT)) {
      const next = join(dirname(path), `${target}.ts`);
      if (!next.includes('prisma/generated')) visit(next);
    }
  };
  visit(join(ROOT, root));
  return found;
};

test.each(['api/main.ts', 'worker/main.ts'])('%s, the production root, loads nothing that could end the process on purpose', (root) => {
  const files = reachable(root);
  expect([...files.keys()]).toEqual(expect.arrayContaining(['operations/ports.ts', root.replace('main', 'serve')]));
  expect([...files].filter(([, text]) => /failpointFrom|env\[?.?['"]?SLUICE_FAILPOINT/.test(text)).map(([name]) => name)).toEqual([]);
});

test.each(['api/dev.ts', 'worker/dev.ts'])('%s, the development root, does', (root) => {
  expect([...reachable(root).keys()]).toContain('worker/failpoint.ts');
});
