import { type Addressee, LETTER_HOURS, type Letter, letterBytes } from '../../domain/letter.js';
import type { Context } from '../context.js';
import type { Stores } from '../ports.js';

/**
 * Writes a letter to somebody in the transaction that it tells of: it is sent when that commits, and never when it is rolled back. The relay
 * sends it at least once (ADR 0067). Address, name and whatever the letter is filled in with are sealed, so it may hold a secret.
 */
export const writeLetter = async ({ services }: Pick<Context, 'services'>, stores: Stores, to: Addressee, letter: Letter): Promise<void> => {
  const { template } = letter;
  const id = services.entropy.newId();
  const sealed = services.mailSeal.seal({ id, template }, letterBytes(to, letter));
  await stores.mail.add({ id, template, sealed, hours: LETTER_HOURS[template] });
};
