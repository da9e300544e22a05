import type { Database } from '../../db/transaction/open.js';
import type { KeyFile } from '../../vault/key-file.js';

/** Whether the database has an installation at all. Throws an Error when it is that of another key file, whose keys open nothing here. */
export const hasInstallation = async (database: Database, path: string, keyFile: () => Pick<KeyFile, 'installationId'>): Promise<boolean> => {
  const installation = await database.transaction(({ orm }) => orm.installation.findFirst());
  if (!installation) return false;
  const { installationId } = keyFile();
  if (installation.id === installationId) return true;
  throw new Error(
    `The database belongs to installation ${installation.id}, but the key file ${path} to ${installationId}. Put back the key file that belongs to it, or use an empty database.`,
  );
};
