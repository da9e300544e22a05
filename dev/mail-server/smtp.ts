import { createHash, timingSafeEqual } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { SMTPServer } from 'smtp-server';
import { storeMessage } from './mailbox.js';
import { SMTP_USER } from './secrets.js';

const MESSAGE_BYTES = 1024 * 1024;

/**
 * An SMTP server for loopback, which delivers everything into one folder, whatever the address. It says that it has a message only when the
 * message is on the disk.
 */
export const createSmtpServer = (folder: string, password: string): SMTPServer =>
  new SMTPServer({
    name: 'localhost',
    size: MESSAGE_BYTES,
    // It asks nobody for the name of this machine.
    disableReverseLookup: true,
    // Nothing leaves this machine, so there is no TLS, and the password is asked for without it.
    disabledCommands: ['STARTTLS'],
    authMethods: ['PLAIN'],
    closeTimeout: 500,
    onAuth: ({ username, password: given }, _session, answer) => {
      if (username === SMTP_USER && timingSafeEqual(digest(given ?? ''), digest(password))) return answer(null, { user: username });
      return answer(new Error('user or password is wrong'));
    },
    onData: (stream, { envelope }, answer) => {
      buffer(stream)
        .then((raw) => {
          if (stream.sizeExceeded) throw Object.assign(new Error('the message is too large'), { responseCode: 552 });
          const from = envelope.mailFrom ? envelope.mailFrom.address : '';
          const to = envelope.rcptTo.map(({ address }) => address);
          answer(null, `stored as ${storeMessage(folder, { from, to }, raw)}`);
        })
        .catch((error: Error) => answer(error));
    },
  });

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
