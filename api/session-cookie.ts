import type { Request, Response } from 'express';
import type { ApiDeps } from './deps.js';

/** `__Host-` binds the cookie to this host, to TLS and to the whole path (RFC 6265bis §4.1.3.2). */
const SECURE_NAME = '__Host-sluice';
/** Browsers refuse `__Host-` without TLS, so a development stack on plain loopback http uses a name without the prefix. */
const LOOPBACK_NAME = 'sluice-development';

const nameFor = (cookies: ApiDeps['cookies']): string => (cookies === 'secure' ? SECURE_NAME : LOOPBACK_NAME);

export const setSessionCookie = (res: Response, cookies: ApiDeps['cookies'], token: string, expiresAt: Date): void => {
  res.cookie(nameFor(cookies), token, { httpOnly: true, secure: cookies === 'secure', sameSite: 'lax', path: '/', expires: expiresAt });
};

export const clearSessionCookie = (res: Response, cookies: ApiDeps['cookies']): void => {
  res.clearCookie(nameFor(cookies), { httpOnly: true, secure: cookies === 'secure', sameSite: 'lax', path: '/' });
};

/** The session token of a browser, or null. Reads only the cookie name that this installation sets. */
export const readSessionCookie = (req: Request, cookies: ApiDeps['cookies']): string | null => {
  const name = `${nameFor(cookies)}=`;
  for (const part of (req.get('cookie') ?? '').split(';')) {
    const pair = part.trim();
    if (pair.startsWith(name)) return pair.slice(name.length);
  }
  return null;
};
