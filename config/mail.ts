import { z } from 'zod';
import { isLoopback } from '../domain/loopback.js';

/** Whether the text is an URL of one of these protocols that has a host and names no path, query or fragment. */
const isBare = (text: string, protocols: readonly string[]): boolean => {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, pathname, search, hash } = new URL(text);
  return protocols.includes(protocol) && hostname !== '' && ['', '/'].includes(pathname) && search === '' && hash === '';
};

/** An URL keeps a sign such as @ in user or password as %40; a lone % is a mistake that would be sent as it is. */
const isDecodable = (text: string): boolean => {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
};

const isSmtpUrl = (text: string): boolean => isBare(text, ['smtps:', 'smtp:']) && isDecodable(text);

const isPublicUrl = (text: string): boolean => {
  if (!isBare(text, ['https:', 'http:'])) return false;
  const { protocol, hostname, username } = new URL(text);
  return username === '' && (protocol === 'https:' || isLoopback(hostname));
};

/** How letters are sent, and as whom. */
export const mail = {
  SLUICE_SMTP_URL: z
    .string()
    .refine(isSmtpUrl, 'must be smtps://USER:PASSWORD@HOST:PORT or smtp://…, with a sign such as @ in USER and PASSWORD as %40')
    .meta({ description: 'Mail server, `smtps://…` or `smtp://…`; TLS is required of both unless it is on this machine', secret: true }),
  SLUICE_MAIL_FROM: z.email('must be an e-mail address, without a name').meta({ description: 'Address that letters to people come from' }),
  SLUICE_PUBLIC_URL: z
    .string()
    .refine(isPublicUrl, 'must be https://HOST, without a path (http:// only on this machine)')
    .meta({ description: 'Address of this installation for people, in letters to them' }),
};
