interface Change {
  from: string;
  to: string;
}

/** Letters that a sentence names. */
const NAMED_MAX = 3;

/**
 * `Nora Vance → Nils Varga`. Letters that differ in their place and may look the same are named: `Nora Vance → Nоra Vance (another letter:
 * U+043E)`.
 */
export const nameChange = ({ from, to }: Change): string => {
  const others = alikeLetters([...from], [...to]).map((letter) => `U+${codeOf(letter)}`);
  const named = others.slice(0, NAMED_MAX).join(', ');
  const more = others.length > NAMED_MAX ? ', …' : '';
  const said = others.length === 0 ? '' : ` (${others.length === 1 ? 'another letter' : 'other letters'}: ${named}${more})`;
  return `${from} → ${to}${said}`;
};

/** The new letters that are others than those in their place, where one of the two is beyond ASCII. */
const alikeLetters = (from: readonly string[], to: readonly string[]): string[] => {
  if (from.length !== to.length) return [];
  return to.filter((letter, i) => plain(letter) !== plain(from[i] ?? '') && !/^\p{ASCII}+$/u.test(`${letter}${from[i]}`));
};

/** Without case and accents, which are seen. */
const plain = (letter: string): string => letter.normalize('NFD').charAt(0).toLowerCase();

const codeOf = (letter: string): string => (letter.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
