import { ZxcvbnFactory } from '@zxcvbn-ts/core';
import { adjacencyGraphs, dictionary } from '@zxcvbn-ts/language-common';
import type { EstimateGuesses } from '../domain/password.js';

/**
 * Only so much of a password is looked at, in UTF-16 units: what begins well enough is good enough, and the time that this takes grows
 * faster than the text.
 */
const LOOKED_AT = 40;

/** Made at its first use: it sorts the lists, and most processes never judge a password. */
let estimator: ZxcvbnFactory | null = null;

/**
 * zxcvbn's estimate: the cheapest way to put a text together from leaked passwords, words, names of this person, dates, rows of the
 * keyboard, repetitions and sequences, also reversed and with l33t letters; what is left is guessed character by character.
 */
export const estimateGuesses: EstimateGuesses = (text, words) => {
  if (text === '') return 0;
  estimator ??= new ZxcvbnFactory({ dictionary, graphs: adjacencyGraphs, maxLength: LOOKED_AT });
  return estimator.check(text, [...words]).guesses;
};
