/** Lengths of a new password, in characters (code points) of its one form. NIST SP 800-63B-4 asks for 8 beside a second factor. */
export const PASSWORD_MIN = 12;
export const PASSWORD_MAX = 256;

/** Fewer guesses than these do not count as a password, even where each guess is as slow as a sign-in. */
const GUESSES_MIN = 1e9;
/** Shorter words of a name or an address are in too many good passwords. */
const WORD_MIN = 3;
const SERVICE = 'sluice';

/** Controls, halves of surrogate pairs and what Unicode has not assigned: normalization does not hold their form (UAX #15, section 12.1). */
const UNSTABLE = /[\p{Cc}\p{Cs}\p{Cn}]/u;

/**
 * The one form of a password, in which it is judged and hashed: NFKC (NIST SP 800-63B-4, 3.1.1.2). So it is the same password on a
 * keyboard that writes é as two characters, and full-width letters are letters.
 */
export const canonicalPassword = (password: string): string => password.normalize('NFKC');

/** Characters of a password: code points of its one form, as NIST SP 800-63B-4 counts them. */
export const passwordLength = (password: string): number => [...canonicalPassword(password)].length;

/**
 * About how many guesses somebody needs for a text who knows the lists of leaked passwords, the patterns that people type, and these words
 * (lower case).
 */
export type EstimateGuesses = (text: string, words: readonly string[]) => number;

/** Why a new password is refused: a stable reason and, for people, the fix. It says nothing of the password itself. */
export interface PasswordFault {
  reason: 'characters' | 'too_short' | 'too_long' | 'personal' | 'common';
  message: string;
}

/**
 * What is wrong with a new password; null when nothing is. `about` are texts that are no secret: the person's e-mail address and name, the
 * name of their workspace. There are no rules of composition: any characters will do, when they are hard to guess.
 */
export const passwordFault = (password: string, about: readonly string[], guesses: EstimateGuesses): PasswordFault | null => {
  if (UNSTABLE.test(password)) return fault('characters', 'leave out control characters and characters that are not in Unicode');
  const length = passwordLength(password);
  if (length < PASSWORD_MIN) return fault('too_short', `take ${PASSWORD_MIN} characters or more; several words with blanks between them are good`);
  if (length > PASSWORD_MAX) return fault('too_long', `take ${PASSWORD_MAX} characters or fewer`);
  const text = canonicalPassword(password);
  const words = wordsOf(about);
  const rest = without(text, words);
  if (rest !== null && guesses(rest, words) < GUESSES_MIN)
    return fault(
      'personal',
      'your name, your address and the names of Sluice and your workspace count for nothing, and little is left of it without them',
    );
  if (guesses(text, words) < GUESSES_MIN)
    return fault(
      'common',
      'it is among the first that are guessed; take four words that have nothing to do with each other, or let a program make one',
    );
  return null;
};

const fault = (reason: PasswordFault['reason'], message: string): PasswordFault => ({ reason, message });

/** Each text as a whole and word by word, and the name of the service; lower case, the longest first. */
const wordsOf = (about: readonly string[]): string[] => {
  const texts = [...about, SERVICE].map((text) => canonicalPassword(text).toLowerCase());
  const words = texts.flatMap((text) => [text, ...text.split(/[^\p{L}\p{M}\p{N}]+/u)]);
  return [...new Set(words)].filter((word) => [...word].length >= WORD_MIN).sort((a, b) => b.length - a.length);
};

/** What is left of a text when these words are cut out of it, upper or lower case; null when none is in it. */
const without = (text: string, words: readonly string[]): string | null => {
  const folded = text.toLowerCase();
  const rest = words.reduce((left, word) => left.replaceAll(word, ''), folded);
  return rest === folded ? null : rest;
};
