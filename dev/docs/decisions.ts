import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const FOLDER = 'docs/adr';

/** docs/adr/README.md, from the first line of each decision. Throws an Error when a number is used twice, is missing, or differs from that of the file. */
export const decisionsPage = (folder = FOLDER): string => {
  const files = readdirSync(folder)
    .filter((name) => name.endsWith('.md') && name !== 'README.md')
    .sort();
  const lines = files.map((name, index) => {
    const number = String(index + 1).padStart(4, '0');
    const [, numbered, title] = /^# (\d{4}) (.+)$/.exec(readFileSync(join(folder, name), 'utf8').split('\n', 1)[0] ?? '') ?? [];
    if (numbered !== number || !name.startsWith(`${number}-`)) throw new Error(`${name} should be ${number}, in its name and in its first line.`);
    return `- [${number}](${name}) ${title}`;
  });
  return `# Decisions

One page per decision: what was decided, why, and what follows from it. \`npm run docs\` generates this list from the
first lines of the pages; a test fails when it is stale.

${lines.join('\n')}
`;
};
