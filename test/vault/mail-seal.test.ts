import { expect, test } from '@jest/globals';
import { systemEntropy } from '../../vault/entropy.js';
import { openMailSeal } from '../../vault/mail-seal.js';
import { freshKeyFile } from './keys.js';

const PLAIN = Buffer.from('to ana@people.example');
const letter = { id: systemEntropy.newId(), template: 'factor_locked' };

test('a letter opens as itself, and as nothing else', () => {
  const seal = openMailSeal(freshKeyFile());
  const sealed = seal.seal(letter, PLAIN);
  expect(Buffer.from(seal.open(letter, sealed))).toEqual(PLAIN);
  expect(Buffer.from(sealed).includes('ana')).toBe(false);
  expect(() => seal.open({ ...letter, id: systemEntropy.newId() }, sealed)).toThrow(/does not open/);
  expect(() => seal.open({ ...letter, template: 'password_reset' }, sealed)).toThrow(/does not open/);
  expect(() => openMailSeal(freshKeyFile()).open(letter, sealed)).toThrow(/does not open/);
});
