import type { MailSeal, SealedLetter } from '../operations/mail/ports.js';
import { systemEntropy } from './entropy.js';
import { open, seal } from './envelope.js';
import type { KeyFile } from './key-file.js';
import { deriveKey } from './root-key.js';

const MAIL_KEY_VERSION = 1;

/** Seals letters that wait under a key of the installation: derived from the root key, so that no database and no role of one has it. */
export const openMailSeal = (keyFile: Pick<KeyFile, 'root'>): MailSeal => {
  const key = deriveKey(keyFile.root.key, 'mail');
  return {
    seal: (letter, plain) => seal({ key, version: MAIL_KEY_VERSION }, placeOf(letter), plain, systemEntropy.bytes),
    open: (letter, sealed) => open(key, placeOf(letter), sealed),
  };
};

/** A letter belongs to no tenant, so the tenant is empty. The template is bound too: a letter opens as no other kind. */
const placeOf = ({ id, template }: SealedLetter) => ({ tenantId: '', purpose: 'mail', record: id, field: template });
