import { mkdirSync } from 'node:fs';
import { readConfig } from './config.js';
import { createPageServer } from './page.js';
import { createSmtpServer } from './smtp.js';

/** A mail server for development: it keeps whatever is sent to whomever in one folder, and shows it. It listens on loopback only. */
const config = readConfig(process.env);
mkdirSync(config.MAIL_DIR, { recursive: true, mode: 0o700 });
const smtp = createSmtpServer(config.MAIL_DIR, config.MAIL_PASSWORD);
const page = createPageServer(config.MAIL_DIR, config.MAIL_PAGE_KEY);

// A connection that breaks off ends no server; a port that is taken does.
smtp.on('error', (error) => console.error(`SMTP: ${error.message}`));
const fail = (error: Error): never => {
  console.error(`The local mail server cannot listen: ${error.message}`);
  process.exit(1);
};
smtp.server.once('error', fail);
page.once('error', fail);
// The page says that the process is ready, so it comes last.
smtp.listen(config.MAIL_SMTP_PORT, '127.0.0.1', () => {
  page.listen(config.MAIL_PAGE_PORT, '127.0.0.1', () => console.log(JSON.stringify({ ready: true })));
});

const stop = (): void => {
  page.close();
  page.closeAllConnections();
  smtp.close(() => process.exit(0));
};
process.once('SIGTERM', stop);
process.once('SIGINT', stop);
