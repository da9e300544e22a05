/** What a spreadsheet wrote in place of what was meant, and what to do about it. */
export interface SpreadsheetMark {
  kind: 'error' | 'too_narrow' | 'formula' | 'apostrophe' | 'exponent' | 'encoding';
  /** It repeats nothing of the cell. */
  message: string;
}

const MESSAGES: Readonly<Record<SpreadsheetMark['kind'], string>> = {
  error: 'this is the error of a formula; mend the cell in the spreadsheet and export again',
  too_narrow: 'the column was too narrow to show this cell; widen it and export again',
  formula: 'this is a formula; export the values',
  apostrophe: 'the apostrophe marks a cell that was typed as text; take it out',
  exponent: 'a spreadsheet made this a number and has dropped digits; format the column as text, take the cell from its source and export again',
  encoding: 'U+FFFD stands where a letter was: the file was saved in another encoding before; write the letter again and save it as CSV UTF-8',
};

/** Excel, LibreOffice and Google Sheets write errors in the language of their user. */
const ERRORS: ReadonlySet<string> = new Set(
  [
    '#N/A #REF! #NAME? #VALUE! #DIV/0! #NULL! #NUM! #SPILL! #CALC! #FIELD! #BLOCKED! #CONNECT! #BUSY! #UNKNOWN! #ERROR! #GETTING_DATA #PYTHON!',
    '#NV #BEZUG! #WERT! #ZAHL! #ÜBERLAUF!',
    '#NOM? #VALEUR! #NUL! #NOMBRE!',
    '#N/D #¡REF! #¿NOMBRE? #¡VALOR! #¡DIV/0! #¡NULO! #¡NUM!',
    '#RIF! #NOME? #VALORE! #NULLO! #VALOR! #NULO! #NÚM!',
    '#N/B #VERW! #NAAM? #WAARDE! #DEEL/0! #LEEG! #GETAL!',
    '#N/D! #ADR! #NAZWA? #ARG! #DZIEL/0! #ZERO! #LICZBA!',
    '#SAKNAS! #REFERENS! #NAMN? #VÄRDEFEL! #OGILTIGT!',
    '#I/T #NAVN? #VÆRDI! #VERDI! #NIMI? #ARVO! #JAKO/0! #LUKU!',
    '#Н/Д #ССЫЛКА! #ИМЯ? #ЗНАЧ! #ДЕЛ/0! #ПУСТО! #ЧИСЛО!',
  ].flatMap((errors) => errors.split(' ')),
);

/** Almost no text begins so, and then one look is all. */
const MAY_BE_MARKED = /^[#='\d+-]|\ufffd|^Err:/;

/** A number as Excel, pandas and JavaScript write large ones: `1.23457E+11`, never `12E3` or `E-12`. */
const EXPONENT = /^[+-]?\d(?:[.,]\d+E[+-]?|E\+)\d{1,3}$/i;

/** Names may begin with an apostrophe (`'t Hooft`), numbers and codes may not. Three looks in place of one, which would go back at each digit. */
const isTypedAsText = (text: string): boolean =>
  text.startsWith("'") && text.length > 1 && (!/^'\p{L}/u.test(text) || (/^\S+$/.test(text) && /\d/.test(text)));

/** The mark that a spreadsheet or a wrong encoding left in a text without blanks at its ends, or null. */
export const spreadsheetMark = (text: string): SpreadsheetMark | null => {
  if (!MAY_BE_MARKED.test(text)) return null;
  const kind = kindOf(text);
  return kind && { kind, message: MESSAGES[kind] };
};

const kindOf = (text: string): SpreadsheetMark['kind'] | null => {
  if (text.includes('\ufffd')) return 'encoding';
  if (ERRORS.has(text.toUpperCase()) || /^Err:5\d\d$/.test(text)) return 'error';
  if (/^#{3,}$/.test(text)) return 'too_narrow';
  if (/^=./.test(text)) return 'formula';
  if (isTypedAsText(text)) return 'apostrophe';
  return EXPONENT.test(text) ? 'exponent' : null;
};

/** The message of a mark that nobody means, in whatever way a text came: a formula's error or a lost letter. */
export const lostMessage = (text: string): string | null => {
  const mark = spreadsheetMark(text);
  return mark?.kind === 'error' || mark?.kind === 'encoding' ? mark.message : null;
};
