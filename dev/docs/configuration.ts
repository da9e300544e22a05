import { z } from 'zod';
import { apiConfig } from '../../config/api.js';
import { workerConfig } from '../../config/worker.js';

/** docs/configuration.md, from the schemas in `config/`. */
export const configurationPage = (): string => `# Configuration

Generated from the schemas in \`config/\` by \`npm run docs\`; a test fails when it is stale.

Everything is an environment variable. \`npm start\` sets all of them; \`npx sluice doctor\` prints the configuration of the running processes, secrets
masked. A process with a missing or wrong variable does not start; its error names each such variable.

## The API (\`api/main.ts\`)

${tableOf(apiConfig)}

## The worker (\`worker/main.ts\`)

${tableOf(workerConfig)}

Both need the same \`SLUICE_KEY_FILE\` and \`SLUICE_CHECKPOINT_DIR\`. Any number of either may run. Set the \`…_DIRECT_URL\`s only when the
\`…_DATABASE_URL\` is that of a transaction pool: LISTEN needs a connection of its own.

## \`npm start\`

Flags: \`npm start -- --help\`.

| variable | meaning |
| --- | --- |
| \`DATABASE_URL\` | a Postgres of your own, as a role with \`CREATEROLE\` and \`CREATEDB\`; without it, an embedded one is started |
| \`DATABASE_DIRECT_URL\` | the same without a transaction pool |
| \`TEMPORAL_ADDRESS\` | a Temporal server of your own, with \`TEMPORAL_NAMESPACE\`, \`TEMPORAL_TLS\` and \`TEMPORAL_API_KEY\`; without it, a development server is started |
| \`TEMPORAL_CLI\` | path of the \`temporal\` program that starts it |

## \`sluice\`

| variable | meaning |
| --- | --- |
| \`SLUICE_URL\` | address of the API; \`--url\` takes precedence |
| \`SLUICE_API_KEY\` | API key to use; \`--as\` and \`--profile\` take precedence |
| \`SLUICE_DATA_DIR\` | data folder of the local stack; default: \`.sluice\` here or in a folder above |
| \`SLUICE_UI_URL\`, \`TEMPORAL_NAMESPACE\` | the Web UI and namespace that \`sluice open\` opens; default: those of the local stack |
| \`XDG_CONFIG_HOME\` | folder of \`sluice/profiles.json\`; default \`~/.config\` |
`;

interface Property {
  description?: string;
  default?: unknown;
  enum?: string[];
  secret?: boolean;
}

const tableOf = (schema: z.ZodObject): string => {
  const { properties = {}, required = [] } = z.toJSONSchema(schema, { io: 'input' }) as {
    properties?: Record<string, Property>;
    required?: string[];
  };
  const rows = Object.entries(properties).map(([name, own]) => {
    const fallback = own.default === undefined ? (required.includes(name) ? 'required' : '') : `\`${own.default}\``;
    const choices = own.enum ? ` (${own.enum.map((one) => `\`${one}\``).join(', ')})` : '';
    return `| \`${name}\` | ${fallback} | ${own.description ?? ''}${choices}${own.secret ? '; secret' : ''} |`;
  });
  return ['| variable | default | meaning |', '| --- | --- | --- |', ...rows].join('\n');
};
