import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { writePrivateJson } from '../../cli/identity/private-file.js';

/** Who may put messages into the mailbox, with the password. */
export const SMTP_USER = 'sluice';

/** What the stack and its mail server share. The mailbox holds letters to people, so other users of the machine neither write nor read it. */
export interface MailSecrets {
  password: string;
  pageKey: string;
}

/** Reads the secrets from the data folder; creates them on the first start. */
export const mailSecrets = (file: string): MailSecrets => {
  const fresh = () => randomBytes(18).toString('hex');
  if (!existsSync(file)) writePrivateJson(file, { password: fresh(), pageKey: fresh() });
  return JSON.parse(readFileSync(file, 'utf8')) as MailSecrets;
};
