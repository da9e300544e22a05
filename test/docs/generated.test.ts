import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { decisionsPage } from '../../dev/docs/decisions.js';
import { PAGES } from '../../dev/docs/pages.js';

test.each(Object.entries(PAGES))('%s says what the code says (fix with `npm run docs`)', (path, page) => {
  expect(readFileSync(path, 'utf8')).toBe(page());
});

test('two decisions of one number are noticed', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-docs-'));
  try {
    writeFileSync(join(folder, '0001-one.md'), '# 0001 One\n');
    writeFileSync(join(folder, '0001-two.md'), '# 0001 Two\n');
    expect(() => decisionsPage(folder)).toThrow('0001-two.md should be 0002');
  } finally {
    rmSync(folder, { recursive: true });
  }
});
