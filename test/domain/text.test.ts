import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { canonicalCode, canonicalLine, canonicalLines, hasLetter, printable, printableJson, unfitCharacter } from '../../domain/text.js';

const LAST_CODE_POINT = 0x10ffff;
/** Categories of Unicode whose characters people read, apart from those that it calls default ignorable. */
const READABLE = /^[\p{L}\p{M}\p{N}\p{P}\p{S}\p{Zs}]$/u;
const IGNORABLE = /^\p{Default_Ignorable_Code_Point}$/u;

const anyText = fc.string({ unit: fc.nat(LAST_CODE_POINT).map((codePoint) => String.fromCodePoint(codePoint)), maxLength: 20 });
/** Texts that are dense in characters that are fit in some places alone. */
const joinedText = fc.string({
  unit: fc.constantFrom(
    'a',
    'ن',
    'क',
    '्',
    '\u200c',
    '\u200d',
    '\u202e',
    '\ufe0f',
    '👩',
    '🏽',
    '💻',
    '🏴',
    '\u{e0067}',
    '\u{e007f}',
    '葛',
    '\u{e0100}',
    '\n',
  ),
  maxLength: 12,
});
const text = fc.oneof(anyText, joinedText);

describe('characters that no text may hold', () => {
  test('alone, each code point of Unicode is fit exactly when people can read it', () => {
    const wrong: string[] = [];
    for (let codePoint = 0; codePoint <= LAST_CODE_POINT; codePoint++) {
      const character = String.fromCodePoint(codePoint);
      const readable = READABLE.test(character) && !IGNORABLE.test(character);
      if ((unfitCharacter(character) === null) !== readable) wrong.push(codePoint.toString(16));
    }
    expect(wrong).toEqual([]);
  });

  test('the first one is named with its place, in characters as people count them', () => {
    expect(unfitCharacter('Ana \u202e00.999 RUE\u202c')).toEqual({ codePoint: 0x202e, what: 'an invisible or formatting character', at: 5 });
    expect(unfitCharacter('👩🏽‍💻\u0000')).toEqual({ codePoint: 0, what: 'a control character', at: 5 });
    expect(unfitCharacter('x\ud800')).toMatchObject({ codePoint: 0xd800, what: 'half of a surrogate pair', at: 2 });
    expect(unfitCharacter('\ufdd0')).toMatchObject({ what: 'not a character of Unicode' });
    expect(unfitCharacter('\ue000')).toMatchObject({ what: 'a private character' });
    expect(unfitCharacter('a\r\nb')).toMatchObject({ what: 'a line break', at: 2 });
    expect(unfitCharacter('a\tb')).toMatchObject({ what: 'a tab' });
    for (const mark of ['\u200f', '\u200e', '\u061c'])
      expect(unfitCharacter(`דנה${mark}`)).toMatchObject({ what: 'a direction mark that a program added', at: 4 });
    expect(unfitCharacter('a\u2028b')).toMatchObject({ what: 'a line separator' });
  });

  test.each([
    ['Portuguese', 'José da Conceição'],
    ['Hebrew', 'שלום כהן'],
    ['Arabic', 'محمد بن عبد الله'],
    ['Persian, with a joiner', 'می\u200cخواهم'],
    ['Hindi, with a joiner', 'क्\u200dष'],
    ['Malayalam, with a joiner at the end', 'ന്\u200d'],
    ['Japanese, with a variant', '葛\u{e0100}城'],
    ['Thai', 'สมชาย ใจดี'],
    ['a person at a computer', '👩🏽\u200d💻 Ana'],
    ['a flag of tags', '🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}'],
    ['a heart', '❤\ufe0f'],
    ['a key cap', '1\ufe0f\u20e3'],
  ])('%s is fit, printed as it is, and kept as it is', (_language, name) => {
    expect(unfitCharacter(name)).toBeNull();
    expect(printable(name)).toBe(name);
    expect(canonicalLine(name)).toBe(name.normalize('NFC'));
  });

  test.each([
    ['a joiner between letters that need none', 'a\u200db'],
    ['a joiner at the end of a word', 'علی\u200c'],
    ['two joiners', 'क्\u200d\u200d'],
    ['a joiner behind a picture', '😀\u200dx'],
    ['a variant of nothing', '\ufe0f'],
    ['letters hidden in tags', '🏴\u{e0068}\u{e0069}\u{e007f}'],
    ['a soft hyphen', 'pay\u00adpal'],
    ['a byte order mark', '\ufeffAna'],
    ['a filler that looks like a blank', '\u3164'],
    ['a mark of direction', 'Ana\u200f'],
  ])('%s is not', (_what, name) => {
    expect(unfitCharacter(name)).not.toBeNull();
  });

  test('line feeds pass in a text of several lines, and nothing else does', () => {
    expect(unfitCharacter('one\ntwo', { lines: true })).toBeNull();
    expect(unfitCharacter('one\ntwo')).not.toBeNull();
    expect(unfitCharacter('one\r\ttwo', { lines: true })).not.toBeNull();
  });
});

describe('one form', () => {
  test('a line, lines and a code in their one form stay as they are', () => {
    fc.assert(
      fc.property(text, (any) => {
        for (const canonical of [canonicalLine, canonicalLines, canonicalCode]) expect(canonical(canonical(any))).toBe(canonical(any));
      }),
    );
  });

  test('a fit line is fit in its one form', () => {
    fc.assert(
      fc.property(text, (any) => {
        if (unfitCharacter(any) === null) expect(unfitCharacter(canonicalLine(any))).toBeNull();
      }),
    );
  });

  test('white space and composed letters make no difference', () => {
    expect(canonicalLine(' Jose\u0301\u00a0\u202f Silva\u3000')).toBe('José Silva');
    expect(canonicalLines('\r\n one\r\ntwo\rthree \n')).toBe('one\ntwo\nthree');
  });

  test('a code is read through whatever its paste brought along', () => {
    for (const blank of [' ', '\u00a0', '\u202f', '\u200b', '\ufeff', '-', '.', '\u2011', '\u2013', '\t', '\n'])
      expect(canonicalCode(`de89${blank}3704${blank}0044`)).toBe('DE8937040044');
  });

  test('only a letter makes a name', () => {
    for (const name of ['A', 'é', '李', 'م', '3M']) expect(hasLetter(name)).toBe(true);
    for (const name of ['', '1', '-', '😀', '\u2800', '\u0301']) expect(hasLetter(name)).toBe(false);
  });
});

describe('texts that are printed', () => {
  test('nothing unfit is left in a line, and nothing fit is changed', () => {
    fc.assert(
      fc.property(text, (any) => {
        expect(unfitCharacter(printable(any))).toBeNull();
        if (unfitCharacter(any) === null) expect(printable(any)).toBe(any);
      }),
    );
  });

  test('JSON says the same, with nothing unfit in it but the line feeds between its members', () => {
    fc.assert(
      fc.property(text, (any) => {
        const json = printableJson(JSON.stringify({ any, [any]: 1 }, null, 2));
        expect(unfitCharacter(json, { lines: true })).toBeNull();
        expect(JSON.parse(json)).toEqual({ any, [any]: 1 });
      }),
    );
  });
});
