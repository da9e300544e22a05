import { existsSync } from 'node:fs';
import type { Client } from '../client/client.js';
import type { Trust } from '../client/verify/audit.js';
import { fromWireId } from '../domain/ids.js';
import type { Cli } from './cli.js';
import { EXIT, Failure } from './failure.js';
import { readText } from './files.js';

export interface TrustOptions {
  key?: string;
  checkpoint?: string[];
  tenant?: string;
}

/** What the log is verified against. Without `--key` it takes the server's own key, and a note says that this proves less. */
export const trustOf = async (cli: Cli, options: TrustOptions, client: Client | null): Promise<Trust> => ({
  verifierKey: await verifierKeyOf(cli, options.key, client),
  ...(options.checkpoint ? { checkpoints: options.checkpoint.map(readText) } : {}),
  ...(options.tenant ? { tenantId: tenantOf(options.tenant) } : {}),
});

/** The key that was given, or the one in that file. Without one it asks the server, if there is a server to ask. */
export const verifierKeyOf = async (cli: Cli, given: string | undefined, client: Client | null): Promise<string> =>
  given ? keyOf(given) : keyOfServer(cli, client);

/** The UUID of a workspace, from its wire id or from the UUID itself. */
export const tenantOf = (text: string): string => {
  const tenant = /^[0-9a-f-]{36}$/.test(text) ? text : fromWireId('workspace', text);
  if (!tenant) throw new Failure(EXIT.usage, `${text} is not the id of a workspace (ws_…).`);
  return tenant;
};

/** A verifier key is `name+hash+key`; anything else is the name of a file. */
const keyOf = (text: string): string => (existsSync(text) || !text.includes('+') ? readText(text).trim() : text);

const keyOfServer = async (cli: Cli, client: Client | null): Promise<string> => {
  if (!client) throw new Failure(EXIT.usage, 'Give --key: a document that is verified offline needs a key that does not come with it.');
  cli.note('The key comes from the server. Store it elsewhere and pass it as --key, so that the server is not its own witness.');
  return (await client.show_checkpoint({})).verifier_key;
};
