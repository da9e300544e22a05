import { describe, expect, test } from '@jest/globals';
import { endingOf } from '../../cli/ending.js';
import { ProblemError } from '../../client/problem-error.js';

const messageOf = (errors: object[], asked: object = {}) => {
  const problem = { title: 'T', detail: 'D', code: 'invalid_request', request_id: 'r', errors };
  return endingOf(new ProblemError(problem as never, null), { flags: [], options: {}, besideStack: false, ...asked }).message?.split('\n');
};

describe('a refusal of a field', () => {
  test('names the entry of a list as it was typed', () => {
    const named = { field: 'exclude', names: ['1', '2', '6000', '3'].map((item) => `--exclude ${item}`) };
    const lines = messageOf([{ field: 'exclude.2', reason: 'x', message: 'this item is not in the batch' }], { named, flags: ['--exclude'] });
    expect(lines).toContain('  --exclude 6000: this item is not in the batch');
  });

  test('of the whole request has no name, and fields in a sentence are flags', () => {
    const lines = messageOf(
      [
        { field: '', reason: 'x', message: 'give something' },
        { field: 'limit', reason: 'too_big', message: 'at most 200; read on with starting_after' },
      ],
      { flags: ['--limit', '--after'] },
    );
    expect(lines).toEqual(expect.arrayContaining(['  give something', '  --limit: at most 200; read on with --after']));
  });
});
