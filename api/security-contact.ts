import express, { type Router } from 'express';
import { exchangeOf } from './exchange.js';

const YEAR_MS = 365 * 24 * 3_600_000;

/** `/.well-known/security.txt` (RFC 9116): where to report a vulnerability. It expires a year after the start of the process. */
export const securityContact = (contact: string): Router => {
  const expires = new Date(Date.now() + YEAR_MS).toISOString().replace(/\.\d+Z$/, 'Z');
  const text = [`Contact: ${contact}`, `Expires: ${expires}`, 'Preferred-Languages: en', ''].join('\n');
  const router = express.Router();
  router.get('/.well-known/security.txt', (_req, res) => {
    exchangeOf(res).route = 'security_txt';
    res.type('text/plain').send(text);
  });
  return router;
};
