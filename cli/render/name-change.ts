interface Change {
  from: string;
  to: string;
}

/** Letters that a sentence names. */
const NAMED_MAX = 3;

/**
 * `Nora Vance → Nils Varga`. Where two names differ only by letters of another script, which may look the same, it names these letters:
 * `Nora Vance → Nоra Vance (another letter: U+043E)`.
 */
export const nameChange = ({ from, to }: Change): string => {
  const others = alikeLetters([...from], [...to]).map((letter) => `U+${codeOf(letter)}`);
  const named = others.slice(0, NAMED_MAX).join(', ');
  const more = others.length > NAMED_MAX ? ', …' : '';
  const said = others.length === 0 ? '' : ` (${others.length === 1 ? 'another letter' : 'other letters'}: ${named}${more})`;
  return `${from} → ${to}${said}`;
};

/** The new letters, when all that differ are of another script than those in their place. */
const alikeLetters = (from: readonly string[], to: readonly string[]): string[] => {
  if (from.length !== to.length) return [];
  const places = to.flatMap((letter, i) => (letter === from[i] ? [] : [{ letter, before: from[i] ?? '' }]));
  return places.every(({ letter, before }) => isLatin(letter) !== isLatin(before)) ? places.map(({ letter }) => letter) : [];
};

const isLatin = (letter: string): boolean => /\p{Script=Latin}/u.test(letter);

const codeOf = (letter: string): string => (letter.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
