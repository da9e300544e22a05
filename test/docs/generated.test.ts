import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { errorsPage } from '../../dev/docs/errors.js';
import { stateMachinesPage } from '../../dev/docs/state-machines.js';

test.each([
  ['docs/state-machines.md', stateMachinesPage],
  ['docs/errors.md', errorsPage],
])('%s says what the tables say (mend with `npm run docs`)', (path, page) => {
  expect(readFileSync(path, 'utf8')).toBe(page());
});
