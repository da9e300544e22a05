import { type Command, Option } from 'commander';
import { newKeyPair, readSigningKey, writeSigningKey } from '../../client/signing-key.js';
import type { ResponseOf } from '../../client/types.js';
import { SIGNATURE_ALGORITHMS, type SignatureAlgorithm } from '../../domain/http-signature/profile.js';
import type { Cli } from '../cli.js';
import { EXIT, Failure } from '../failure.js';
import { addressOf } from '../identity/connect.js';
import { DEFAULT_PROFILE, saveProfile } from '../identity/profiles.js';
import { ask } from '../prompt.js';
import { table } from '../render/table.js';
import { withCode } from '../with-code.js';

export const signingCommands = (program: Command, cli: Cli): void => {
  const signing = program.command('signing').description('signatures of calls by API keys (RFC 9421)');

  signing
    .command('create')
    .description('make a key that signs the calls of an API key of yours (asks for a code); the line for SLUICE_SIGNING_KEY is shown this once')
    .argument('<key>')
    .addOption(
      new Option('--algorithm <name>', 'of ed25519 the private key never leaves this machine').choices(SIGNATURE_ALGORITHMS).default('ed25519'),
    )
    .action(async (key: string, { algorithm }: { algorithm: SignatureAlgorithm }) => {
      const { client } = await cli.connect();
      const pair = algorithm === 'ed25519' ? newKeyPair() : null;
      const given = pair ? { public_key: Buffer.from(pair.publicKey).toString('base64') } : {};
      const made = await withCode(cli, 'make the signing key', (code, idempotencyKey) =>
        client.create_signing_key({ key_id: key, algorithm, ...given, code }, { idempotencyKey }),
      );
      const line = writeSigningKey(made.id, algorithm, pair?.privateKey ?? Buffer.from(made.secret ?? '', 'base64'));
      cli.note('Copy this line now, and set it as SLUICE_SIGNING_KEY beside SLUICE_API_KEY: it is never shown again.');
      cli.present({ ...made, signing_key: line }, () => line);
      cli.suggest(`sluice signing revoke ${key} ${made.id}`);
    });

  signing
    .command('list')
    .description('list the signing keys of an API key')
    .argument('<key>')
    .action(async (key: string) => {
      const { client } = await cli.connect();
      const all = await client.list_signing_keys({ key_id: key });
      cli.present(all, () =>
        table(
          ['SIGNING KEY', 'ALGORITHM', 'PUBLIC KEY', 'CREATED', 'REVOKED'],
          all.data.map((one) => [one.id, one.algorithm, one.public_key, one.created_at, one.revoked_at]),
        ),
      );
    });

  signing
    .command('revoke')
    .description('revoke a signing key at once')
    .argument('<key>')
    .argument('<signing-key>')
    .action(async (key: string, id: string) => {
      const { client } = await cli.connect();
      const revoked = await client.revoke_signing_key({ key_id: key, signing_key_id: id });
      cli.present(revoked, () => `${revoked.id} is revoked since ${revoked.revoked_at}.`);
    });

  signing
    .command('show')
    .description('whether calls by API keys have to be signed in this workspace')
    .action(async () => {
      const { client } = await cli.connect();
      const now = await client.show_signing({});
      cli.present(now, () => saidOf(now));
    });

  signing
    .command('require')
    .description('calls by API keys that change something have to be signed from now on; on live this stays')
    .action(async () => {
      const { client } = await cli.connect();
      const now = await client.require_signing({});
      cli.present(now, () => saidOf(now));
    });

  signing
    .command('allow-unsigned')
    .description('calls by API keys need no signature any more; in a test workspace alone')
    .action(async () => {
      const { client } = await cli.connect();
      const now = await client.allow_unsigned({});
      cli.present(now, () => saidOf(now));
    });

  signing
    .command('save')
    .description('store an API key and its signing key as a profile (asks for both, or reads them from standard input)')
    .action(async () => {
      const { url } = addressOf(cli.env, cli.options());
      const name = cli.options().profile ?? DEFAULT_PROFILE;
      const token = await ask(cli.terminal, 'API key', 'secret');
      const line = await ask(cli.terminal, 'Signing key, as `signing create` printed it', 'secret');
      if (token === '' || !readSigningKey(line))
        throw new Failure(EXIT.usage, 'That is no API key and the line of a signing key. Nothing was stored.');
      saveProfile(cli.env, name, { kind: 'api_key', url, token, signing_key: line });
      cli.present({ object: 'profile', name, url }, () => `Stored as the profile ${name}. Its calls are signed.`);
    });
};

const saidOf = ({ mode, required_at }: ResponseOf<'show_signing'>): string =>
  required_at === null
    ? `Calls by API keys need no signature in this ${mode} workspace.`
    : `Calls by API keys that change something have to be signed in this ${mode} workspace, since ${required_at}.`;
