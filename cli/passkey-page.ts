import { isLoopback } from '../domain/loopback.js';

/**
 * The address of a page of passkeys, at the API that a command talks to. Passkeys belong to a host name, so this machine is called
 * `localhost` and not by its number (WebAuthn level 3, section 5.1.2).
 */
export const passkeyPage = (api: string, page: 'passkeys' | 'passkeys/gate', query: Readonly<Record<string, string>> = {}): string => {
  const url = new URL(api);
  if (isLoopback(url.hostname)) url.hostname = 'localhost';
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/${page}`;
  url.search = new URLSearchParams(query).toString();
  return url.href;
};
