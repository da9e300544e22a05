// Texts as people read them. What a page needs of the server's own tables comes in, so that tests can compare both sides.

/**
 * A text that is safe to show in one line: each character that deceives as `\u{202e}`, as everywhere in Sluice. `unfit` matches such a
 * character, and `fitting` where one belongs to its script or picture.
 */
export const printableBy =
  ({ unfit, fitting }) =>
  (text) => {
    if (!unfit.test(text)) return text;
    let safe = '';
    let from = 0;
    for (const { index, 0: fits } of [...text.matchAll(fitting), { index: text.length, 0: '' }]) {
      for (const character of text.slice(from, index)) safe += unfit.test(character) ? `\\u{${character.codePointAt(0).toString(16)}}` : character;
      safe += fits;
      from = index + fits.length;
    }
    return safe;
  };

/** An amount in minor units as people read it: `1,234,567.50 EUR`. `digits` says how many digits a currency has after its point. */
export const moneyBy = (digits) => (minor, currency) => {
  const after = digits[currency] ?? 0;
  const value = BigInt(minor);
  const figures = (value < 0n ? -value : value).toString().padStart(after + 1, '0');
  const whole = figures.slice(0, figures.length - after).replace(/\B(?=(\d{3})+$)/g, ',');
  return `${value < 0n ? '-' : ''}${whole}${after > 0 ? `.${figures.slice(figures.length - after)}` : ''} ${currency}`;
};

/** `4:05`, of milliseconds that are left. */
export const clockText = (ms) => {
  const seconds = Math.max(0, Math.ceil(ms / 1_000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
};

/** `2026-11-28 16:37 UTC`, of a time in RFC 3339; null stays null. */
export const timeText = (time) => time && `${new Date(time).toISOString().slice(0, 16).replace('T', ' ')} UTC`;

/** `Ada Lovelace (preparer), key import` */
export const whoText = (by) => by && `${by.name} (${by.roles.join(', ')})${by.api_key ? `, key ${by.api_key.name}` : ''}`;

/** Letters that a sentence names. */
const NAMED_MAX = 3;

/** `Nora Vance → Nоra Vance (another letter: U+043E)`: letters that are others than those in their place and may look the same are named. */
export const nameChange = ({ from, to }) => {
  const others = alikeLetters([...from], [...to]).map((letter) => `U+${letter.codePointAt(0).toString(16).toUpperCase().padStart(4, '0')}`);
  if (others.length === 0) return `${from} → ${to}`;
  const named = others.slice(0, NAMED_MAX).join(', ') + (others.length > NAMED_MAX ? ', …' : '');
  return `${from} → ${to} (${others.length === 1 ? 'another letter' : 'other letters'}: ${named})`;
};

const alikeLetters = (from, to) =>
  from.length === to.length ? to.filter((letter, i) => plain(letter) !== plain(from[i]) && !/^\p{ASCII}+$/u.test(`${letter}${from[i]}`)) : [];

/** Without case and accents, which are seen. */
const plain = (letter) => letter.normalize('NFD').charAt(0).toLowerCase();
