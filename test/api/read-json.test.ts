import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readJson } from '../../api/read-json.js';
import { repeatedMember } from '../../domain/json-members.js';

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const codeOf = (text: string | Uint8Array): string => {
  const read = readJson(typeof text === 'string' ? bytesOf(text) : text);
  return read.ok ? 'ok' : read.refusal.code;
};

/** JSON as somebody might write it: blanks anywhere, any character of a name as an escape. */
type Tree = null | boolean | number | string | Tree[] | Member[];
class Member {
  constructor(
    readonly name: string,
    readonly value: Tree,
  ) {}
}

const { tree } = fc.letrec<{ tree: Tree; object: Member[] }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    fc.constantFrom<Tree>(null, true, false, -0.5e-3, 7),
    fc.string({ unit: 'binary' }),
    fc.array(tie('tree'), { maxLength: 3 }),
    tie('object'),
  ),
  object: fc
    .uniqueArray(fc.tuple(fc.string({ unit: 'binary', maxLength: 3 }), tie('tree')), { selector: ([name]) => name, maxLength: 4 })
    .map((members) => members.map(([name, value]) => new Member(name, value))),
}));

const blank = fc.constantFrom('', '', ' ', '\n', '\t\r');
const escapes = fc.array(fc.boolean(), { minLength: 8, maxLength: 8 });
const style = fc.record({ blank, escapes });
type Style = { blank: string; escapes: boolean[] };

const quoted = (text: string, { escapes: which }: Style): string => {
  const signs = Array.from({ length: text.length }, (_, at) =>
    which[at % which.length] ? `\\u${text.charCodeAt(at).toString(16).padStart(4, '0')}` : JSON.stringify(text[at]).slice(1, -1),
  );
  return `"${signs.join('')}"`;
};

const isObject = (value: Tree): value is Member[] => Array.isArray(value) && value.every((member) => member instanceof Member) && value.length > 0;

const written = (value: Tree, how: Style): string => {
  const gap = how.blank;
  if (isObject(value))
    return `{${gap}${value.map((member) => `${quoted(member.name, how)}${gap}:${gap}${written(member.value, how)}`).join(`${gap},${gap}`)}${gap}}`;
  if (Array.isArray(value)) return `[${gap}${(value as Tree[]).map((member) => written(member, how)).join(`${gap},${gap}`)}${gap}]`;
  return typeof value === 'string' ? quoted(value, how) : JSON.stringify(value);
};

/** Every object of a tree. */
const objectsIn = (value: Tree): Member[][] => {
  if (!Array.isArray(value)) return [];
  return [...(isObject(value) ? [value] : []), ...value.flatMap((member) => objectsIn(member instanceof Member ? member.value : member))];
};

test('what names no member twice is read as JSON.parse reads it, however it is written', () => {
  fc.assert(
    fc.property(fc.array(tree, { maxLength: 3 }), style, (value, how) => {
      const text = written(value, how);
      expect(readJson(bytesOf(text))).toEqual({ ok: true, value: JSON.parse(text) });
    }),
  );
});

test('a member that an object names again is found, at any depth, in any writing, with whatever value', () => {
  fc.assert(
    fc.property(fc.array(tree, { maxLength: 3 }), tree, style, fc.nat(), fc.nat(), (value, again, how, which, where) => {
      const objects = objectsIn(value);
      const object = objects[which % Math.max(1, objects.length)];
      const member = object?.[where % object.length];
      fc.pre(object !== undefined && member !== undefined);
      object.push(new Member(member.name, again));
      const text = written(value, how);
      object.pop();
      expect(() => JSON.parse(text)).not.toThrow();
      expect(codeOf(text)).toBe('malformed_json');
    }),
  );
});

test('whatever the text is, it is taken exactly when JSON.parse takes it, it is an object or an array, and no name comes twice', () => {
  const signs = fc.constantFrom('{', '}', '[', ']', '"', ':', ',', '\\', 'a', 'b', '1', ' ', '{"a":', '"b":1', ',"a":2', 'null', '\\u0061', '\\"');
  fc.assert(
    fc.property(fc.array(signs, { maxLength: 12 }), (parts) => {
      const text = parts.join('');
      let value: unknown;
      try {
        value = text === '' ? {} : JSON.parse(text);
      } catch {
        return expect(codeOf(text)).toBe('malformed_json');
      }
      const taken = typeof value === 'object' && value !== null && (text === '' || repeatedMember(text) === null);
      expect(codeOf(text)).toBe(taken ? 'ok' : 'malformed_json');
    }),
    { numRuns: 2_000 },
  );
});

test.each([
  ['{"a":1,"a":1}', 'the same again'],
  ['{"amount":1,"\\u0061mount":2}', 'the name as an escape'],
  ['{"a":{"b":1,"c":[{"d":1,"d":2}]}}', 'deep inside'],
  ['{"__proto__":1,"__proto__":2}', 'a name that objects have'],
  ['{"a":{},"a" \n:2}', 'after an object of its own'],
  ['{"":1,"":2}', 'an empty name'],
  ['null', 'no object'],
  ['"a"', 'a text'],
  ['', 'nothing', 'ok'],
  ['{"a":{"a":{"a":1}},"b":[{"a":1},{"a":2}]}', 'the same name in other objects', 'ok'],
  ['{"a":"{\\"b\\":1,\\"b\\":2}","b":"b\\\\","c":":"}', 'names inside texts', 'ok'],
  ['{"constructor":1,"toString":2,"hasOwnProperty":3}', 'names that objects inherit', 'ok'],
])('%s (%s) is %s', (text, _what, code = 'malformed_json') => {
  expect(codeOf(text)).toBe(code);
});

test.each([
  ['latin-1', Buffer.from('{"name":"Jos\xe9"}', 'latin1')],
  ['UTF-16', Buffer.from('{"name":"x"}', 'utf16le')],
  ['an overlong form', Buffer.from([0x7b, 0x22, 0xc0, 0xaf, 0x22, 0x3a, 0x31, 0x7d])],
  ['half a character', Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xe2, 0x82]), Buffer.from('"}')])],
  ['a surrogate', Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xed, 0xa0, 0x80]), Buffer.from('"}')])],
])('%s is not UTF-8', (_what, bytes) => {
  expect(codeOf(bytes)).toBe('malformed_json');
});

test('a byte order mark is dropped', () => {
  expect(readJson(bytesOf('\ufeff{"a":1}'))).toEqual({ ok: true, value: { a: 1 } });
});

test('the refusal says where, and repeats nothing of the body', () => {
  const read = readJson(bytesOf('{"DE89370400440532013000":1,"DE89370400440532013000":2}'));
  expect(read.ok ? '' : read.refusal.detail).toContain('at character 29');
  expect(JSON.stringify(read)).not.toContain('DE89');
});
