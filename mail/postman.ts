import { createTransport, type NodemailerError, type SendMailOptions } from 'nodemailer';
import { z } from 'zod';
import type { OutgoingLetter, Postman, Sending } from '../operations/mail/ports.js';
import { inLine } from './in-line.js';
import { isRefusal, problemOf } from './problem.js';
import { smtpOptions } from './smtp-options.js';
import { render } from './templates.js';

export interface MailSettings {
  /** `smtps://user:password@host:port`, or `smtp://` with STARTTLS. */
  smtpUrl: string;
  /** The address that letters come from; its domain is that of their Message-IDs. */
  from: string;
  /** Address of the installation for people. */
  publicUrl: string;
}

const SENDER_NAME = 'Sluice';

/** An address that stands in a command and a header as it is. Others, such as quoted ones, are sent no letters. */
const address = z.email().max(254);

/**
 * Sends letters by SMTP (RFC 5321), one connection each: plain text, the same bytes and the same Message-ID however often. They are marked
 * as sent by a machine (RFC 3834), so that no out-of-office note answers them.
 */
export const openPostman = ({ smtpUrl, from, publicUrl }: MailSettings): Postman => {
  const domain = from.slice(from.lastIndexOf('@') + 1);
  const transport = createTransport({ ...smtpOptions(smtpUrl), name: domain });

  /** The whole letter as the library takes it, or null when this version cannot make it. */
  const compose = ({ id, createdAt, to, letter }: OutgoingLetter): SendMailOptions | null => {
    try {
      return {
        ...render(letter, to, publicUrl),
        from: { name: SENDER_NAME, address: from },
        to: { name: headerName(to.name), address: to.email },
        envelope: { from, to: [to.email] },
        messageId: `<${id}@${domain}>`,
        date: createdAt,
        headers: { 'Auto-Submitted': 'auto-generated' },
        disableFileAccess: true,
        disableUrlAccess: true,
      };
    } catch {
      return null;
    }
  };

  return {
    send: async (letter, signal): Promise<Sending> => {
      if (!address.safeParse(letter.to.email).success) return { outcome: 'refused', problem: 'the address is none that letters can be sent to' };
      const mail = compose(letter);
      if (!mail) return { outcome: 'later', problem: 'this version cannot make the letter' };
      try {
        await Promise.race([transport.sendMail(mail), untilAborted(signal)]);
        return { outcome: 'sent' };
      } catch (error) {
        if (signal.aborted) return { outcome: 'later', problem: 'the mail server did not answer in time' };
        return { outcome: isRefusal(error as NodemailerError) ? 'refused' : 'later', problem: problemOf(error as NodemailerError) };
      }
    },
  };
};

/** A name in a header. Many readers decode encoded words (RFC 2047) where none may stand, so nobody's name begins one. */
const headerName = (name: string): string => inLine(name).replaceAll('=?', '= ?');

/** Rejects when the signal aborts. The library has no way to break a connection off; its own time-outs end one that is left. */
const untilAborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    signal.throwIfAborted();
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
