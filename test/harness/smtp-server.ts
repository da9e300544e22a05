import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';

/** A message as the server took it. */
export interface Taken {
  from: string;
  to: string[];
  /** Headers and body, as they were sent. */
  raw: string;
}

/** How the server answers the next message, instead of taking it. */
export interface Refusal {
  at: 'MAIL' | 'RCPT' | 'DATA';
  code: number;
  words: string;
}

/** A real SMTP server in the process of the test, on a free port of loopback, which takes everything that it is not told to refuse. */
export const openSmtpServer = async (options: SMTPServerOptions = {}) => {
  const taken: Taken[] = [];
  const refusals: Refusal[] = [];
  const refusalAt = (at: Refusal['at']): Error | null => {
    const [next] = refusals;
    if (next?.at !== at) return null;
    refusals.shift();
    return Object.assign(new Error(next.words), { responseCode: next.code });
  };
  const server = new SMTPServer({
    disabledCommands: ['STARTTLS', 'AUTH'],
    disableReverseLookup: true,
    closeTimeout: 100,
    onMailFrom: (_address, _session, answer) => answer(refusalAt('MAIL')),
    onRcptTo: (_address, _session, answer) => answer(refusalAt('RCPT')),
    onData: (stream, { envelope }, answer) => {
      void text(stream).then((raw) => {
        const refusal = refusalAt('DATA');
        if (refusal) return answer(refusal);
        taken.push({ from: envelope.mailFrom ? envelope.mailFrom.address : '', to: envelope.rcptTo.map(({ address }) => address), raw });
        answer(null);
      });
    },
    ...options,
  });
  // A client that breaks off is no error of the test.
  server.on('error', () => undefined);
  await new Promise<void>((done) => {
    server.listen(0, '127.0.0.1', done);
  });
  return {
    port: (server.server.address() as AddressInfo).port,
    taken,
    /** Answers to come, the first first. */
    refusals,
    close: () =>
      new Promise<void>((done) => {
        server.close(done);
      }),
  };
};
