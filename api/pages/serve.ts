import { readFileSync } from 'node:fs';
import express, { type Router } from 'express';
import { exchangeOf } from '../exchange.js';
import { pageHeaders } from '../middleware/security-headers.js';
import { methodNotAllowed } from '../middleware/unmatched.js';
import { sharedScript } from './shared-script.js';

/** What a browser loads for the two pages. Every file of the folder that is served stands here, and nothing else is reachable. */
const FILES = {
  '/passkeys': ['passkeys.html', 'html'],
  '/passkeys/gate': ['gate.html', 'html'],
  '/passkeys/page.css': ['page.css', 'text/css'],
  '/passkeys/passkeys.js': ['passkeys.js', 'text/javascript'],
  '/passkeys/gate.js': ['gate.js', 'text/javascript'],
  '/passkeys/sign-in.js': ['sign-in.js', 'text/javascript'],
  '/passkeys/challenge.js': ['challenge.js', 'text/javascript'],
  '/passkeys/facts.js': ['facts.js', 'text/javascript'],
  '/passkeys/call.js': ['call.js', 'text/javascript'],
  '/passkeys/problem.js': ['problem.js', 'text/javascript'],
  '/passkeys/credentials.js': ['credentials.js', 'text/javascript'],
  '/passkeys/binding.js': ['binding.js', 'text/javascript'],
  '/passkeys/elements.js': ['elements.js', 'text/javascript'],
  '/passkeys/text.js': ['text.js', 'text/javascript'],
} as const;

/**
 * The pages of passkeys: `/passkeys`, where people add them and sign in, and `/passkeys/gate`, where they open a gate with one. They are
 * files of this folder as they stand, apart from one script that holds what they share with `domain/`. Everything that they show comes from
 * the routes of the API, with the session cookie.
 */
export const passkeyPages = (): Router => {
  // With a slash at its end the page would look for its files one folder too deep.
  const router = express.Router({ strict: true });
  const serve = (path: string, type: string, content: string): void => {
    router.get(path, (req, res) => {
      exchangeOf(res).route = 'passkey_pages';
      pageHeaders(req, res, () => res.type(type).send(content));
    });
    router.all(path, methodNotAllowed(['GET', 'HEAD']));
  };
  for (const [path, [file, type]] of Object.entries(FILES)) serve(path, type, readFileSync(new URL(file, import.meta.url), 'utf8'));
  serve('/passkeys/shared.js', 'text/javascript', sharedScript());
  return router;
};
