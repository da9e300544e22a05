import { canonicalLine, printable } from '../domain/text.js';

/** A name is cut where it would fill more than a line. */
const CHARACTERS_MAX = 80;

/**
 * A text that somebody chose, such as a name, as it may stand in a header or a sentence of a letter: one line, with nothing in it that breaks
 * or deceives, and not longer than a line. What is no character of a text is shown as an escape, `\u{202e}`.
 */
export const inLine = (text: string): string => {
  const characters = [...canonicalLine(text)];
  return printable(characters.length > CHARACTERS_MAX ? `${characters.slice(0, CHARACTERS_MAX - 1).join('')}…` : characters.join(''));
};
