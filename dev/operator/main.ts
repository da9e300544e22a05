import { parseArgs } from 'node:util';
import { localStack } from '../cli/local-stack.js';
import { withClient } from '../postgres/with-client.js';
import { createOperatorKey, listOperators, revokeOperatorKeys } from './operators.js';

// `npm run operator -- create EMAIL NAME | revoke EMAIL | list`. It takes the owner's own connection to the database, because whoever has that
// may do everything anyway: no route makes an operator.
const USAGE = 'npm run operator -- create EMAIL NAME | revoke EMAIL | list';

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
  if (verb !== 'create' || !isEmail || name === '') throw new Error(USAGE);
  return withClient({ connectionString: url }, async (client) => {
    const { token, name: known } = await createOperatorKey(client, { email, name });
    if (known !== name) console.error(`${email} is known already as ${known}, and stays it.`);
    console.error('Copy this credential now, and set it as SLUICE_OPERATOR_KEY: it is never shown again.');
    return token;
  });
};

run(process.argv.slice(2)).then(
  (said) => console.log(said),
  (error: Error) => {
    console.error(error.message);
    process.exitCode = 1;
  },
);
