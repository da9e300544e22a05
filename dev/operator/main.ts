import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { dataDirectory, localStack } from '../cli/local-stack.js';
import { placesIn } from '../data-folder/places.js';
import { withClient } from '../postgres/with-client.js';
import { isSealed, sealOnce } from '../seed/seal-before.js';
import { sealReport } from '../seed/seal-report.js';
import { createOperatorKey, listOperators, revokeOperatorKeys } from './operators.js';

// `npm run operator -- create EMAIL NAME | revoke EMAIL | list | seal`. It takes the owner's own connection to the database, because whoever has that
// may do everything anyway: no route makes an operator, or seals a database that was made before migration 0032.
const USAGE = 'npm run operator -- create EMAIL NAME | revoke EMAIL | list | seal';

const run = async (argv: readonly string[]): Promise<string> => {
  const [verb, email = '', ...words] = parseArgs({ args: [...argv], allowPositionals: true }).positionals;
  const name = words.join(' ').trim();
  const url = process.env['DATABASE_DIRECT_URL'] || process.env['DATABASE_URL'] || localStack().database.owner_url;
  const isEmail = /^\S+@\S+$/.test(email);
  if (verb === 'list')
    return withClient({ connectionString: url }, async (client) => {
      const all = await listOperators(client);
      return (
        all.map((one) => `${one.email}  ${one.name}  ${one.keys.length > 0 ? one.keys.join(' ') : 'no key'}`).join('\n') || 'There is no operator.'
      );
    });
  if (verb === 'revoke' && isEmail)
    return withClient({ connectionString: url }, async (client) => {
      const revoked = await revokeOperatorKeys(client, email);
      if (revoked === 0) throw new Error(`Nobody of the address ${email} has a key that is in force. See who has one: npm run operator -- list`);
      return `${revoked} keys of ${email} are revoked.`;
    });
  if (verb === 'seal') return seal(url);
  if (verb !== 'create' || !isEmail || name === '') throw new Error(USAGE);
  return withClient({ connectionString: url }, async (client) => {
    const { token, name: known } = await createOperatorKey(client, { email, name });
    if (known !== name) console.error(`${email} is known already as ${known}, and stays it.`);
    console.error('Copy this credential now, and set it as SLUICE_OPERATOR_KEY: it is never shown again.');
    return token;
  });
};

/** With the key file of SLUICE_KEY_FILE, else of the local stack. */
const seal = async (ownerUrl: string): Promise<string> => {
  const keyFile = process.env['SLUICE_KEY_FILE'] || placesIn(dataDirectory()).keyFile;
  const sealing = { ownerUrl, keyFile, sealedFile: join(dirname(keyFile), 'sealed.json') };
  const sealed = await sealOnce(sealing);
  if (sealed) return sealReport(sealed, sealing).join('\n');
  if (isSealed(sealing)) return `Nothing to do: ${sealing.sealedFile} says when the members of this installation were sealed.`;
  throw new Error('Nothing is sealed: the database has no installation, and so no members yet.');
};

run(process.argv.slice(2)).then(
  (said) => console.log(said),
  (error: Error) => {
    console.error(error.message);
    process.exitCode = 1;
  },
);
