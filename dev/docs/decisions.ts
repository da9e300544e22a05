import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const FOLDER = 'docs/adr';

/** docs/adr/README.md, from the first line of each decision. Throws an Error when one is numbered twice, out of order, or by another number than its file. */
export const decisionsPage = (folder = FOLDER): string => {
  const files = readdirSync(folder)
    .filter((name) => name.endsWith('.md') && name !== 'README.md')
    .sort();
  const lines = files.map((name, index) => {
    const number = String(index + 1).padStart(4, '0');
    const [, said, title] = /^# (\d{4}) (.+)$/.exec(readFileSync(join(folder, name), 'utf8').split('\n', 1)[0] ?? '') ?? [];
    if (said !== number || !name.startsWith(`${number}-`)) throw new Error(`${name} should be ${number}, in its name and in its first line.`);
    return `- [${number}](${name}) ${title}`;
  });
  return `# Decisions

What was decided, why, and what follows from it: one page each. This list is generated
from their first lines by \`npm run docs\`; a test fails when it is stale.

${lines.join('\n')}
`;
};
