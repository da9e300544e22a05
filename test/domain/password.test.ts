import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { canonicalPassword, type EstimateGuesses, PASSWORD_MAX, PASSWORD_MIN, passwordFault, passwordLength } from '../../domain/password.js';

const HARD: EstimateGuesses = () => Number.POSITIVE_INFINITY;
/** As many guesses as characters: what is left must be long. */
const BY_LENGTH: EstimateGuesses = (text) => 10 ** text.length;
const ABOUT = ['ada.lovelace@analytical.example', 'Ada Lovelace', 'Engines'];

const reasonOf = (password: string, guesses = HARD, about: readonly string[] = []) => passwordFault(password, about, guesses)?.reason ?? null;

/** Characters whose one form has as many code points as they have. */
const stable = fc.constantFrom('a', 'Z', '7', ' ', '!', 'é', 'ß', 'Ж', 'ا', '字', '가', '😀', '𝄞');
/** Any Unicode that a person may type: assigned, no controls, no halves of pairs. */
const typed = fc.string({ unit: 'grapheme', minLength: 0, maxLength: 300 }).filter((text) => !/[\p{Cc}\p{Cs}\p{Cn}]/u.test(text));

describe('the length of a password', () => {
  test('is counted in code points, from 12 to 256', () => {
    fc.assert(
      fc.property(fc.array(stable, { minLength: 0, maxLength: 300 }), (characters) => {
        const expected = characters.length < 12 ? 'too_short' : characters.length > 256 ? 'too_long' : null;
        expect(reasonOf(characters.join(''))).toBe(expected);
      }),
    );
    expect([PASSWORD_MIN, PASSWORD_MAX]).toEqual([12, 256]);
  });

  test.each([
    ['eleven letters', 'abcdefghijk', 'too_short'],
    ['twelve letters', 'abcdefghijkl', null],
    ['six pictures, which are twelve units of UTF-16', '😀😁😂😃😄😅', 'too_short'],
    ['twelve letters with accents as characters of their own, which are 24 code points as typed', 'e\u0301'.repeat(12), null],
    ['eleven of them', 'e\u0301'.repeat(11), 'too_short'],
    ['six ligatures, which are twelve letters', 'ﬁ'.repeat(6), null],
  ])('%s', (_what, password, reason) => {
    expect(reasonOf(password)).toBe(reason);
  });
});

describe('the one form of a password', () => {
  test('is NFKC: however it was typed, it is the same password and gets the same verdict', () => {
    fc.assert(
      fc.property(typed, (password) => {
        const forms = (['NFC', 'NFD', 'NFKC', 'NFKD'] as const).map((form) => password.normalize(form));
        expect(new Set(forms.map(canonicalPassword)).size).toBe(1);
        expect(new Set(forms.map((form) => reasonOf(form, BY_LENGTH, ABOUT))).size).toBe(1);
        expect(canonicalPassword(canonicalPassword(password))).toBe(canonicalPassword(password));
        expect(passwordLength(password)).toBe([...canonicalPassword(password)].length);
      }),
    );
  });

  test('keeps blanks, case and everything else apart', () => {
    for (const [one, other] of [
      ['correct horse', ' correct horse'],
      ['correct horse', 'correct  horse'],
      ['correct horse', 'Correct horse'],
      ['correct horse', 'correcthorse'],
    ] as const)
      expect(canonicalPassword(one)).not.toBe(canonicalPassword(other));
  });
});

describe('what a password may not be', () => {
  test.each([
    ['a control character', 'correct horse\u0000battery'],
    ['a line break', 'correct horse\nbattery'],
    ['half of a surrogate pair', 'correct horse\ud83dbattery'],
    ['what Unicode has not assigned', 'correct horse\u{e0fff}battery'],
  ])('%s is refused, because its form is not stable', (_what, password) => {
    expect(reasonOf(password)).toBe('characters');
  });

  test('there are no rules of composition: any kind of character alone will do', () => {
    for (const password of ['qmzkwrtpxvbn', '839201746583', 'QMZKWRTPXVBN', '!)(#*$&@^%~+', 'жщфйцукеншгз', '한국어비밀번호암호문자']) {
      expect([password, reasonOf(password.padEnd(12, password))]).toEqual([password, null]);
    }
  });

  test('what is guessed soon is refused', () => {
    expect(reasonOf('correct horse battery', () => 999_999_999)).toBe('common');
    expect(reasonOf('correct horse battery', () => 1_000_000_000)).toBeNull();
  });

  test.each([
    ['the e-mail address', 'ada.lovelace@analytical.example'],
    ['the e-mail address in capitals', 'ADA.LOVELACE@ANALYTICAL.EXAMPLE'],
    ['its first part', 'ada.lovelace.'],
    ['the name twice', 'Ada Lovelace Ada Lovelace'],
    ['the name and a year', 'AdaLovelace1815'],
    ['the name of the service', 'sluice-sluice-SLUICE'],
    ['service, workspace and name', 'Sluice Engines Ada!'],
    ['full-width letters of the name', 'Ａｄａ Ｌｏｖｅｌａｃｅ １'],
  ])('%s is refused as personal', (_what, password) => {
    expect(reasonOf(password, BY_LENGTH, ABOUT)).toBe('personal');
  });

  test('a name within a password that is long enough without it is no fault', () => {
    expect(reasonOf('Ada likes wet horses', BY_LENGTH, ABOUT)).toBeNull();
  });

  test('what is left without the name is judged as any password is, to the guess', () => {
    expect(reasonOf('adamqmzkwrtp', BY_LENGTH, ['Adam'])).toBe('personal');
    expect(reasonOf('adamqmzkwrtpx', BY_LENGTH, ['Adam'])).toBeNull();
  });

  test.each([[['Ada', 'Adalbert']], [['Adalbert', 'Ada']]])('of %j the longest name is cut out first, so that its rest does not count', (about) => {
    expect(reasonOf('adalbert1234', BY_LENGTH, about)).toBe('personal');
  });

  test('every refusal says what to do', () => {
    const messages = [
      passwordFault('correct horse\nbattery', [], HARD),
      passwordFault('short', [], HARD),
      passwordFault('long'.repeat(65), [], HARD),
      passwordFault('sluice-sluice-sluice', [], BY_LENGTH),
      passwordFault('correct horse battery', [], () => 1),
    ];
    expect(messages).toEqual([
      { reason: 'characters', message: expect.stringMatching(/^leave out control characters/) },
      { reason: 'too_short', message: expect.stringMatching(/^take 12 characters or more/) },
      { reason: 'too_long', message: 'take 256 characters or fewer' },
      { reason: 'personal', message: expect.stringMatching(/count for nothing/) },
      { reason: 'common', message: expect.stringMatching(/take four words/) },
    ]);
  });

  test('words of two letters are not cut out', () => {
    expect(reasonOf('mountain lakes', BY_LENGTH, ['Li Na', 'li@na.example'])).toBeNull();
  });

  test('whoever guesses is assumed to know what is known of the person, and nothing of a fault says the password', () => {
    fc.assert(
      fc.property(typed, (password) => {
        const seen: (readonly string[])[] = [];
        const fault = passwordFault(password, ABOUT, (_text, words) => {
          seen.push(words);
          return 0;
        });
        for (const words of seen) expect(words).toEqual(expect.arrayContaining(['ada', 'lovelace', 'analytical', 'engines', 'sluice']));
        if ([...password].length >= 4) expect(fault?.message.includes(password)).toBe(false);
      }),
    );
  });
});
