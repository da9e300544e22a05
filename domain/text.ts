/** A character that no text may hold, and where it stands. */
export interface UnfitCharacter {
  codePoint: number;
  /** Why it is refused, in words: `an invisible or formatting character`. */
  what: string;
  /** 1-based, in characters of the text (code points). */
  at: number;
}

/**
 * Code points that deceive or that not every system can hold: control, format, private use and unassigned ones (noncharacters are
 * among these), halves of surrogate pairs, line and paragraph separators, and all that Unicode calls default ignorable.
 */
export const UNFIT = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u;

/** Scripts whose words need joiners; a joiner between letters of any other script shows nothing. */
const JOINING = '\\p{scx=Arab}\\p{scx=Syrc}\\p{scx=Nkoo}\\p{scx=Mong}';
const INDIC = [
  '\\p{scx=Deva}\\p{scx=Beng}\\p{scx=Guru}\\p{scx=Gujr}\\p{scx=Orya}\\p{scx=Taml}\\p{scx=Telu}\\p{scx=Knda}\\p{scx=Mlym}\\p{scx=Sinh}',
  '\\p{scx=Khmr}\\p{scx=Mymr}',
].join('');
/** Signs that take the vowel away; a joiner behind one says how the letters are drawn (RFC 5892, A.1 and A.2). */
const VIRAMAS = '\\u094d\\u09cd\\u0a4d\\u0acd\\u0b4d\\u0bcd\\u0c4d\\u0ccd\\u0d4d\\u0dca\\u1039\\u17d2';
const PICTURE = '\\p{Extended_Pictographic}[\\p{Emoji_Modifier}\\ufe0f]*';

/** Where an otherwise unfit character belongs: in an emoji that Unicode recommends, in a script that needs it, as a variant of a Han letter. */
export const FITTING = new RegExp(
  [
    '\\p{RGI_Emoji}',
    '(?<=\\p{Extended_Pictographic})[\\ufe0e\\ufe0f]',
    `(?<=${PICTURE})\\u200d(?=\\p{Extended_Pictographic})`,
    '(?<=\\p{sc=Han})[\\ufe00-\\ufe0f\\u{e0100}-\\u{e01ef}]',
    '(?<=\\p{sc=Mong})[\\u180b-\\u180d\\u180f]',
    `(?<=[${VIRAMAS}])[\\u200c\\u200d]`,
    `(?<=[${JOINING}${INDIC}])[\\u200c\\u200d](?=[${JOINING}${INDIC}])`,
  ].join('|'),
  'gv',
);

/** The first character of a text that it may not hold, or null. Line feeds pass where `lines` says so. */
export const unfitCharacter = (text: string, { lines = false } = {}): UnfitCharacter | null => {
  // Most texts hold none, and then one scan is all.
  if (!UNFIT.test(text)) return null;
  // The fitting ones become another character of one code point each, so that places stay.
  const rest = text.replace(FITTING, (fitting) => 'x'.repeat([...fitting].length));
  for (const [i, character] of [...rest].entries())
    if (UNFIT.test(character) && !(lines && character === '\n'))
      return { codePoint: character.codePointAt(0) as number, what: whatIs(character), at: i + 1 };
  return null;
};

const whatIs = (character: string): string => {
  if (/[\r\n]/.test(character)) return 'a line break';
  if (character === '\t') return 'a tab';
  if (/\p{Cc}/u.test(character)) return 'a control character';
  if (/\p{Cs}/u.test(character)) return 'half of a surrogate pair';
  if (/\p{Co}/u.test(character)) return 'a private character';
  if (/[\p{Zl}\p{Zp}]/u.test(character)) return 'a line separator';
  if (/[\u061c\u200e\u200f]/.test(character)) return 'a direction mark that a program added';
  if (/[\p{Cf}\p{Default_Ignorable_Code_Point}]/u.test(character)) return 'an invisible or formatting character';
  return 'not a character of Unicode';
};

/** `leave out U+202E, an invisible or formatting character (character 5)` */
export const unfitMessage = ({ codePoint, what, at }: UnfitCharacter): string => `leave out ${nameOf(codePoint)}, ${what} (character ${at})`;

const nameOf = (codePoint: number): string => `U+${codePoint.toString(16).toUpperCase().padStart(4, '0')}`;

/** The one form of a line of text, in which texts are compared and kept: NFC, one blank for each run of white space, none at the ends. */
export const canonicalLine = (text: string): string =>
  text
    .normalize('NFC')
    .replace(/\p{White_Space}+/gu, ' ')
    .trim();

/** The one form of a text of several lines: NFC, line feeds as line ends, blanks for tabs, no white space at its ends. */
export const canonicalLines = (text: string): string => text.normalize('NFC').replace(/\r\n?/g, '\n').replaceAll('\t', ' ').trim();

/** The one form of a code such as an IBAN or BIC as people paste it: no white space, dots or dashes, upper case. Numbers: domain/bank-digits.ts. */
export const canonicalCode = (text: string): string => text.replace(/[\p{White_Space}\p{Pd}\p{Default_Ignorable_Code_Point}.]+/gu, '').toUpperCase();

/** Whether a text has a letter to be read by. */
export const hasLetter = (text: string): boolean => /\p{L}/u.test(text);

/** A text that is safe to print in one line: each unfit character as `\u{202e}`, so that what people read is what is stored. */
export const printable = (text: string): string => escapeUnfit(text, (character) => `\\u{${(character.codePointAt(0) as number).toString(16)}}`);

/** A text of several lines that is safe to print: each unfit character but a line feed as `\u{202e}`. */
export const printableLines = (text: string): string => text.split('\n').map(printable).join('\n');

/** JSON text that is safe to print and means the same: each unfit character as a JSON escape. Line feeds between its members stay. */
export const printableJson = (json: string): string =>
  escapeUnfit(json, (character) =>
    character === '\n'
      ? character
      : Array.from({ length: character.length }, (_, i) => `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`).join(''),
  );

const escapeUnfit = (text: string, escaped: (character: string) => string): string => {
  if (!UNFIT.test(text)) return text;
  let safe = '';
  let from = 0;
  for (const { index, 0: fitting } of [...text.matchAll(FITTING), { index: text.length, 0: '' }]) {
    for (const character of text.slice(from, index)) safe += UNFIT.test(character) ? escaped(character) : character;
    safe += fitting;
    from = index + fitting.length;
  }
  return safe;
};
