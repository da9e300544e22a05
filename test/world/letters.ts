import { readLetter } from '../../domain/letter.js';
import type { World } from './open.js';

interface StoredLetter {
  id: string;
  template: string;
  sealed: Buffer;
  request_id: string;
}

/** The letters that wait in a world, opened, the oldest first. */
export const lettersIn = async ({ sql, services }: Pick<World, 'sql' | 'services'>) => {
  const rows = await sql<StoredLetter>('SELECT id, template, sealed, request_id FROM mail_message WHERE dead_at IS NULL ORDER BY id');
  return rows.map(({ id, template, sealed, request_id }) => ({
    id,
    requestId: request_id,
    ...readLetter(template, services.mailSeal.open({ id, template }, sealed)),
  }));
};

/** The letters to an address, the oldest first. */
export const lettersTo = async (world: Pick<World, 'sql' | 'services'>, email: string) =>
  (await lettersIn(world)).filter(({ to }) => to.email === email).map(({ letter }) => letter);

/** The token of the newest letter to an address, which is an invitation. */
export const invitationTo = async (world: Pick<World, 'sql' | 'services'>, email: string): Promise<string> => {
  const letter = (await lettersTo(world, email)).at(-1);
  if (letter?.template !== 'invitation') throw new Error(`no invitation to ${email}`);
  return letter.params.token;
};
