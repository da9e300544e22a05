import { byHostName } from '../domain/passkey.js';

/** The address of a page of passkeys, at the API that a command talks to. Passkeys belong to a host name (WebAuthn level 3, section 5.1.2). */
export const passkeyPage = (api: string, page: 'passkeys' | 'passkeys/gate', query: Readonly<Record<string, string>> = {}): string => {
  const url = byHostName(api);
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/${page}`;
  url.search = new URLSearchParams(query).toString();
  return url.href;
};
