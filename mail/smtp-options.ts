import type { SMTPTransportOptions } from 'nodemailer';
import { isLoopback } from '../domain/loopback.js';

/** The port of smtps:// and that of smtp:// (RFC 8314, RFC 6409). */
const TLS_PORT = 465;
const SUBMISSION_PORT = 587;

/**
 * How the mail server of SLUICE_SMTP_URL is reached. Nothing is said to a server of another machine without TLS: from the first byte with
 * smtps://, by STARTTLS with smtp:// (RFC 3207), and its certificate must be valid. Of the URL only host, port and credentials count.
 */
export const smtpOptions = (smtpUrl: string): SMTPTransportOptions => {
  const url = new URL(smtpUrl);
  const secure = url.protocol === 'smtps:';
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const inClear = !secure && isLoopback(host);
  return {
    host,
    port: url.port === '' ? (secure ? TLS_PORT : SUBMISSION_PORT) : Number(url.port),
    secure,
    requireTLS: !secure && !inClear,
    ignoreTLS: inClear,
    tls: { rejectUnauthorized: true, minVersion: 'TLSv1.2' },
    // Credentials that the server does not ask for are a mistake of one of the two, and not a reason to go on without.
    ...(url.username === '' ? {} : { forceAuth: true, auth: { user: decodeURIComponent(url.username), pass: decodeURIComponent(url.password) } }),
    dnsTimeout: 10_000,
    connectionTimeout: 10_000,
    greetingTimeout: 10_000,
    socketTimeout: 20_000,
  };
};
