import type { MailStore } from '../operations/stores/mail.js';
import type { Tx } from './transaction/open.js';
import type { Scope } from './transaction/scope.js';

/** Letters that wait. No process may read or write their table: this one adds letters, and the relay takes them (db/mail-queue.ts). */
export const mailStore = ({ sql }: Tx, { requestId }: Scope): MailStore => ({
  add: async ({ id, template, sealed, hours }) => {
    await sql.run('function')`
      SELECT sluice_write_mail(${id}::uuid, ${template}, ${sealed}::bytea, ${requestId}, ${hours}::int * interval '1 hour')`;
  },
});
