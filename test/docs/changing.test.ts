import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';

/** The recipes of docs/changing.md: heading → the files that its numbered steps name. */
const recipes = (): Map<string, string[][]> => {
  const found = new Map<string, string[][]>();
  for (const section of readFileSync('docs/changing.md', 'utf8').split(/^## /m).slice(1)) {
    const [heading = '', ...lines] = section.split('\n');
    const steps = lines
      .join('\n')
      .split(/^\d+\. /m)
      .slice(1);
    if (steps.length > 0)
      found.set(
        heading,
        steps.map((step) => [...step.matchAll(/`([\w./-]+\.\w+)`/g)].map(([, path = '']) => path)),
      );
  }
  return found;
};

/** The most steps, one file each, that a recipe may have. */
const STEPS_MAX: Record<string, number> = {
  'A tenant-owned table': 6,
  'A route': 5,
  'A permission or a role': 5,
  'A rail': 8,
  'A workflow step': 7,
};

test('there is a recipe for each of the changes that come up often, and none is longer than promised', () => {
  expect([...recipes().keys()].sort()).toEqual(Object.keys(STEPS_MAX).sort());
  for (const [heading, steps] of recipes()) expect([heading, steps.length <= (STEPS_MAX[heading] ?? 0)]).toEqual([heading, true]);
});

test('every step names at least one file, and all that are named are there', () => {
  const wrong: string[] = [];
  for (const [heading, steps] of recipes())
    for (const [i, paths] of steps.entries()) {
      const repository = paths.filter((path) => path.includes('/') || path.endsWith('.md'));
      if (repository.length === 0) wrong.push(`${heading}, step ${i + 1}: names no file`);
      for (const path of repository) if (!existsSync(path)) wrong.push(`${heading}, step ${i + 1}: ${path} is not there`);
    }
  expect(wrong).toEqual([]);
});
