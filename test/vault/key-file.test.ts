import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { createKeyFile, readKeyFile } from '../../vault/key-file.js';
import { freshFolder } from '../harness/fresh-folder.js';

const freshPath = () => join(freshFolder('keys'), 'keys.json');

describe('the key file', () => {
  test('is made with mode 0600, nothing beside it, and reads back the same', () => {
    const path = freshPath();
    const made = createKeyFile(path);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(dirname(path))).toEqual(['keys.json']);
    expect(readKeyFile(path)).toEqual(made);
    expect(made.root.key).toHaveLength(32);
    expect(createKeyFile(freshPath()).root.key).not.toEqual(made.root.key);
  });

  test('is never overwritten', () => {
    const path = freshPath();
    createKeyFile(path);
    const before = readFileSync(path);
    expect(() => createKeyFile(path)).toThrow(/EEXIST/);
    expect(readFileSync(path)).toEqual(before);
    expect(readdirSync(dirname(path))).toEqual(['keys.json']);
  });

  test.each([0o640, 0o604, 0o660, 0o644])('is refused with mode %o, and the message says what to run', (mode) => {
    const path = freshPath();
    createKeyFile(path);
    chmodSync(path, mode);
    expect(() => readKeyFile(path)).toThrow(`chmod 600 ${path}`);
  });

  test('is refused when it is cut, short of a key, or its halves do not belong together; no key is in the message', () => {
    const path = freshPath();
    createKeyFile(path);
    const text = readFileSync(path, 'utf8');
    const document = JSON.parse(text);
    const broken = [
      text.slice(0, 100),
      JSON.stringify({ ...document, root: undefined }),
      JSON.stringify({ ...document, root: { ...document.root, key: document.root.key.slice(0, 40) } }),
      JSON.stringify({ ...document, checkpoint: { ...document.checkpoint, public_key: document.root.key } }),
    ];
    for (const content of broken) {
      writeFileSync(path, content);
      expect(() => readKeyFile(path)).toThrow(/is not valid/);
      expect(() => readKeyFile(path)).not.toThrow(document.root.key.slice(0, 10));
    }
  });
});
