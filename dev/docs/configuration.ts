import { z } from 'zod';
import { apiConfig } from '../../config/api.js';
import { workerConfig } from '../../config/worker.js';
import { listItem } from './wrap.js';

/** docs/configuration.md, from the schemas in `config/`. */
export const configurationPage = (): string => `# Configuration

Generated from the schemas in \`config/\` by \`npm run docs\`; a test fails when it is stale.

Everything is an environment variable. \`npm start\` sets all of them; \`npx sluice doctor\` prints the configuration of the
running processes and masks secrets. A process with a missing or wrong variable does not start; its error names each
such variable.

## The API (\`api/main.ts\`)

${listOf(apiConfig)}

## The worker (\`worker/main.ts\`)

${listOf(workerConfig)}

Callers reach the API over TLS, which a proxy in front of it speaks. With an https:// \`SLUICE_PUBLIC_URL\` the API needs
\`SLUICE_TRUSTED_PROXIES\`, and refuses every request of which such a proxy does not say \`X-Forwarded-Proto: https\`, but
for \`/healthz\` and \`/readyz\`. The proxy has to write that header itself; of several values each has to be https. An API
that listens on more than loopback does not start without such a URL.

Both need the same \`SLUICE_KEY_FILE\` and \`SLUICE_CHECKPOINT_DIR\`. Any number of either may run. Set the \`…_DIRECT_URL\`s
only when the \`…_DATABASE_URL\` is that of a transaction pool: LISTEN needs a connection of its own.

After migrating a database that was made before memberships were sealed (ADR 0075), run \`npm run operator -- seal\` once,
with \`DATABASE_DIRECT_URL\` of the owner and the same \`SLUICE_KEY_FILE\`. Until then nobody can sign in, and the API is
not ready. It writes \`sealed.json\` beside the key file; keep both. \`npm start\` does it by itself.

## \`npm start\`

Flags: \`npm start -- --help\`.

- \`DATABASE_URL\`: a Postgres of your own, as a role with \`CREATEROLE\` and \`CREATEDB\`; without it, \`npm start\` starts an
  embedded one
- \`DATABASE_DIRECT_URL\`: the same without a transaction pool
- \`TEMPORAL_ADDRESS\`: a Temporal server of your own, with \`TEMPORAL_NAMESPACE\`, \`TEMPORAL_TLS\` and \`TEMPORAL_API_KEY\`;
  without it, \`npm start\` starts a development server
- \`TEMPORAL_CLI\`: path of the \`temporal\` program that starts it

## \`sluice\`

- \`SLUICE_URL\`: address of the API; \`--url\` takes precedence
- \`SLUICE_API_KEY\`: API key to use; \`--as\` and \`--profile\` take precedence
- \`SLUICE_OPERATOR_KEY\`: credential of an operator of the platform; \`sluice tenant\` alone uses it
- \`SLUICE_SIGNING_KEY\`: signs the calls of the API key in \`SLUICE_API_KEY\`, as \`sluice signing create\` prints it
- \`SLUICE_DATA_DIR\`: data folder of the local stack; default: \`.sluice\` here or in a folder above
- \`SLUICE_UI_URL\`, \`TEMPORAL_NAMESPACE\`: the Web UI and namespace that \`sluice open\` opens; default: those of the local
  stack
- \`XDG_CONFIG_HOME\`: folder of \`sluice/profiles.json\`; default \`~/.config\`
`;

interface Property {
  description?: string;
  default?: unknown;
  enum?: string[];
  secret?: boolean;
}

const listOf = (schema: z.ZodObject): string => {
  const { properties = {}, required = [] } = z.toJSONSchema(schema, { io: 'input' }) as {
    properties?: Record<string, Property>;
    required?: string[];
  };
  return Object.entries(properties)
    .map(([name, own]) => {
      const fallback = own.default === undefined ? (required.includes(name) ? 'required' : 'optional') : `default \`${own.default}\``;
      const choices = own.enum ? [`one of ${own.enum.map((one) => `\`${one}\``).join(', ')}`] : [];
      const notes = [fallback, ...choices, ...(own.secret ? ['secret'] : [])];
      return listItem(`\`${name}\` (${notes.join('; ')}): ${own.description ?? ''}`);
    })
    .join('\n');
};
