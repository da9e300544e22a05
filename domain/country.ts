import { iso31661, iso31663 } from 'iso-3166';
import { unfitCharacter, unfitMessage } from './text.js';

/** ISO 3166-1 alpha-2 as it is, and XK: not in the standard, but Kosovo has it in the IBAN registry and at every bank. */
const COUNTRIES: ReadonlyMap<string, string> = new Map([...iso31661.map(({ alpha2, name }) => [alpha2, name] as const), ['XK', 'Kosovo'] as const]);

/** What people write instead of the code, apart from the codes of three letters. */
const USUAL_MISTAKES: Readonly<Record<string, string>> = { UK: 'GB', EL: 'GR' };
const OF_THREE: ReadonlyMap<string, string> = new Map([...iso31661.map(({ alpha2, alpha3 }) => [alpha3, alpha2] as const), ['XKX', 'XK'] as const]);

/** Codes of countries that ended, with those that came after them. */
const SUCCESSORS: ReadonlyMap<string, readonly string[]> = new Map(
  iso31663.flatMap(({ from, to }) =>
    'alpha2' in from && from.alpha2 && !COUNTRIES.has(from.alpha2) ? [[from.alpha2, to.flatMap(alpha2In)] as const] : [],
  ),
);

function alpha2In(entry: object): string[] {
  return 'alpha2' in entry && typeof entry.alpha2 === 'string' ? [entry.alpha2] : [];
}

export const isCountry = (code: string): boolean => COUNTRIES.has(code);

/**
 * What is wrong with a code that is no country, and the code to write instead where that is known: `UK is no code of ISO 3166-1; use
 * GB`. It repeats the text only when that has two or three letters, because any other may be something else, such as an account.
 */
export const countryMessage = (text: string): string => {
  const unfit = unfitCharacter(text);
  if (unfit) return unfitMessage(unfit);
  const code = text.trim().toUpperCase();
  if (COUNTRIES.has(text.trim())) return `write ${code} without blanks around it`;
  const instead = USUAL_MISTAKES[code] ?? OF_THREE.get(code) ?? (COUNTRIES.has(code) ? code : null);
  if (!/^[A-Z]{2,3}$/.test(code)) return 'an ISO 3166-1 code of two capital letters such as DE';
  if (instead) return `${text.trim()} is no code of ISO 3166-1; use ${instead}`;
  if (code === 'EU') return 'EU is no country; use the country of the payee, such as DE';
  const successors = SUCCESSORS.get(code) ?? [];
  return `${code} is no code of ISO 3166-1; use ${successors.length > 0 ? `that of the country it is now: ${successors.join(', ')}` : 'one such as DE'}`;
};
