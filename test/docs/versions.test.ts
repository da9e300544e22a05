import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';

const read = (path: string): string => readFileSync(path, 'utf8');
const { engines, scripts } = JSON.parse(read('package.json')) as { engines: { node: string }; scripts: Record<string, string> };
/** The versions that were tried: major and lowest minor. */
const TRIED = [...engines.node.matchAll(/\^(\d+)\.(\d+)\.0/g)].map(([, major = '', minor = '']) => ({ major, minor }));

test('engines names the versions of Node that were tried, in the form that dev/install.mjs reads', () => {
  expect(engines.node).toBe(TRIED.map(({ major, minor }) => `^${major}.${minor}.0`).join(' || '));
  expect(TRIED.map(({ major }) => major)).toContain(process.versions.node.split('.')[0]);
});

test('the README and docs/reliability.md name them, and each other than the oldest has a script', () => {
  const [needs = ''] = /^You need Node .*$/m.exec(read('README.md')) ?? [];
  const table = read('docs/reliability.md');
  for (const { major, minor } of TRIED) {
    expect(needs).toMatch(new RegExp(`\\b${major}\\b`));
    if (minor !== '0') expect(needs).toContain(`(${major}.${minor} or newer)`);
    expect(table).toMatch(new RegExp(`^\\| ${major}\\.`, 'm'));
  }
  for (const { major } of TRIED.slice(1)) expect(scripts[`test:node${major}`]).toBe(`npx -y -p node@${major} node dev/test.mjs`);
});
