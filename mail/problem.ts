import type { NodemailerError } from 'nodemailer';
import { inLine } from './in-line.js';

/** Commands that say something about the letter and its recipient. What is refused at any other says something about us. */
const OF_THE_LETTER: readonly unknown[] = ['RCPT TO', 'DATA'];

/** Before these are done nobody's address was said. */
const OF_THE_CONNECTION: readonly unknown[] = ['CONN', 'EHLO', 'HELO', 'STARTTLS'];

/** A reply code and, where the server gives one, an enhanced status code (RFC 5321, RFC 3463): `550 5.1.1`. */
const STATUS = /^(\d{3})(?:[ -](\d\.\d{1,3}\.\d{1,3})\b)?/;

/** Whether trying again cannot help: the server refused the recipient or the letter for good (a reply code of 500 or more, RFC 5321). */
export const isRefusal = ({ command, responseCode = 0 }: NodemailerError): boolean => OF_THE_LETTER.includes(command) && responseCode >= 500;

/** What went wrong, as a phrase for people. Servers repeat addresses in their answers, so of an answer only its codes are told. */
export const problemOf = ({ code, command, response, message }: NodemailerError): string => {
  const tls = code === 'ETLS' ? ', so there is no TLS with it' : '';
  if (response) {
    const [, reply = 'what is no reply code', status] = STATUS.exec(response) ?? [];
    return `the mail server answered ${[reply, status].filter(Boolean).join(' ')} to ${command ?? 'a command'}${tls}`;
  }
  if (OF_THE_CONNECTION.includes(command)) return `the mail server cannot be used: ${inLine(message)}`;
  return `the mail server cannot be used (${code ?? 'it ended the connection'})`;
};
