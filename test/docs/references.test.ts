import { readdirSync, readFileSync } from 'node:fs';
import { dirname, extname, join, normalize } from 'node:path';
import { expect, test } from '@jest/globals';

/**
 * Whatever comments and documents refer to is there: rules of the money path, decisions, files.
 *
 * What is read: documents (.md) as a whole; of code and SQL the comments, and the lines that begin with `describe` or `test`, for
 * titles cite rules too; of the patches in test/broken all but the code that they replace; of settings and scripts the lines that begin with #.
 *
 * What counts as the name of a file:
 * - a path that begins with a folder of the root and has an extension, stands in backticks or ends in a slash. It must be there
 *   exactly; in backticks its extension may be left out (`test/broken/overdraft`), and a star stands for any part of a name;
 * - any other name with an extension of EXTENSIONS. It must be there beside the file that names it, or be the end of some path;
 * - the target of a relative link in a document. It must be there as seen from the document.
 * A name behind a slash, a dot, a colon, `@`, `~` or `<` is part of a URL, a package or a placeholder, and is not looked at.
 */

const MONEY_PATH = 'docs/money-path.md';
const DECISIONS = 'docs/adr/';

/** Not of the repository: installed, generated, or left by a run. */
const PASSED_OVER = /^(node_modules|\.git|\.sluice.*|dist|coverage|prisma\/generated)$/;

/** Files that are written while Sluice runs, is generated, or is shown to readers; and one placeholder. */
const MADE_ELSEWHERE: ReadonlySet<string> = new Set([
  // What the tour of the README makes.
  'my.csv',
  'evidence.json',
  'log.jsonl',
  'forged.jsonl',
  // What the exception to try of docs/sandbox.md makes.
  'doubt.csv',
  'references.csv',
  // What a running stack, the command line and the sandbox provider keep.
  '.sluice/roll.json',
  '.sluice/stack.json',
  'sealed.json',
  'stack.json',
  'XDG_CONFIG_HOME/sluice/profiles.json',
  'sluice/profiles.json',
  'journal.jsonl',
  // Any of the patches.
  'test/broken/NAME.txt',
]);

const EXTENSIONS = 'ts|mjs|cjs|md|sql|prisma|json|jsonl|yaml|toml|csv|png';

const listFiles = (folder: string): string[] =>
  readdirSync(folder || '.', { withFileTypes: true }).flatMap((entry) => {
    const path = folder + entry.name;
    if (PASSED_OVER.test(path)) return [];
    return entry.isDirectory() ? listFiles(`${path}/`) : [path];
  });

const FILES = listFiles('');
const FILE_SET: ReadonlySet<string> = new Set(FILES);
const FOLDERS: ReadonlySet<string> = new Set(FILES.flatMap((file) => [...file.matchAll(/\//g)].map(({ index }) => file.slice(0, index))));

const blank = (text: string): string => text.replace(/[^\n]/g, ' ');

/** Strings and comments of TypeScript and JavaScript, in their order, so that neither is taken for the other. A regular expression with a lone quote would mislead it. */
const TOKENS = /'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|\x60(?:\\.|[^\x60\\])*\x60|\/\/[^\n]*|\/\*.*?\*\//gs;

const commentsOf = (code: string): string => {
  let comments = '';
  for (const { 0: token, index } of code.matchAll(TOKENS)) {
    if (token.startsWith('/')) comments += blank(code.slice(comments.length, index)) + token;
  }
  return comments + blank(code.slice(comments.length));
};

const titlesOf = (code: string): string => code.replace(/^(?!\s*(?:describe|test)\b).*$/gm, '');

/** The lines of a file that people read as prose, each in its place; the others are empty. */
const proseOf = (file: string): string[] => {
  const text = FILE_SET.has(file) ? readFileSync(file, 'utf8') : '';
  switch (extname(file)) {
    case '.md':
      return text.split('\n');
    case '.ts':
    case '.mjs':
    case '.cjs':
    case '.js':
    case '.prisma': {
      const titles = titlesOf(text).split('\n');
      return commentsOf(text)
        .split('\n')
        .map((line, at) => titles[at] || line);
    }
    case '.sql':
      return text.split('\n').map((line) => /--.*$/.exec(line)?.[0] ?? '');
    case '.txt':
      return text.split('\n').map((line) => (/^[-+] /.test(line) ? '' : line));
    case '.yaml':
    case '.toml':
    case '':
      return text.split('\n').map((line) => (/^\s*#/.test(line) ? line : ''));
    default:
      return [];
  }
};

interface Line {
  file: string;
  /** `file:number`, as an editor opens it. */
  at: string;
  text: string;
}

const LINES: readonly Line[] = FILES.flatMap((file) =>
  proseOf(file).flatMap((text, index) => (text.trim() === '' ? [] : [{ file, at: `${file}:${index + 1}`, text }])),
);

/** One sentence for every citation on these lines that leads nowhere. */
const dangling = (cited: (line: Line) => readonly string[], isThere: (name: string, line: Line) => boolean, kind: string): string[] =>
  LINES.flatMap((line) => [...new Set(cited(line))].filter((name) => !isThere(name, line)).map((name) => `${line.at} cites ${kind}${name}`));

const firstGroups = (text: string, pattern: RegExp): string[] => [...text.matchAll(pattern)].flatMap(([, group]) => group ?? []);

// ── Rules ─────────────────────────────────────────────────────────────────────────────────────────

/** Sections of the money path by their rule. */
const RULES: ReadonlyMap<string, string> = new Map(
  proseOf(MONEY_PATH)
    .join('\n')
    .split(/^## (?=R\d)/m)
    .slice(1)
    .map((section) => [/^R\d+/.exec(section)?.[0] ?? '', section]),
);

test('every rule that is cited has its heading in docs/money-path.md', () => {
  expect(
    dangling(
      ({ text }) => firstGroups(text, /\b(R[1-9]\d?)\b/g),
      (rule) => RULES.has(rule),
      'rule ',
    ),
  ).toEqual([]);
});

test('the rules stand in their order, and each says what it prevents, what holds it and what notices its loss', () => {
  expect([...RULES.keys()]).toEqual(Array.from({ length: RULES.size }, (_, at) => `R${at + 1}`));
  for (const section of RULES.values())
    for (const part of ['- **Prevents:**', '- **Held by:**', '- **Noticed by:**']) expect(section.split(`\n${part}`)).toHaveLength(2);
});

test('every broken patch that a rule names is in test/broken', () => {
  const missing = [...RULES].flatMap(([rule, section]) =>
    firstGroups(section.split('- **Noticed by:**')[1] ?? '', /`([a-z0-9-]+)`/g)
      .filter((name) => !FILE_SET.has(`test/broken/${name}.txt`))
      .map((name) => `${MONEY_PATH} ${rule} names the patch ${name}`),
  );
  expect(missing).toEqual([]);
});

// ── Decisions ─────────────────────────────────────────────────────────────────────────────────────

const isDecided = (number: string): boolean => {
  const file = FILES.find((name) => name.startsWith(`${DECISIONS}${number}-`));
  return file !== undefined && readFileSync(file, 'utf8').startsWith(`# ${number} `);
};

/** Decisions that a line cites, four digits each: after the word, in a path, and within a decision in brackets alone. */
const decisionsIn = ({ file, text }: Line): string[] =>
  [
    ...firstGroups(text, /\bADRs?((?:(?:,| and| or| to|–| )+\d{1,4}\b)+)/g).flatMap((list) => firstGroups(list, /(\d+)/g)),
    ...firstGroups(text, /\badr\/(\d{4})\b/g),
    ...(file.startsWith(DECISIONS) ? firstGroups(text, /\((\d{4})\)/g) : []),
  ].map((number) => number.padStart(4, '0'));

test('every decision that is cited is in docs/adr, under its number', () => {
  expect(dangling(decisionsIn, isDecided, 'ADR ')).toEqual([]);
});

// ── Files ─────────────────────────────────────────────────────────────────────────────────────────

const ROOT_FOLDERS = [...FOLDERS].filter((folder) => !folder.includes('/') && !folder.startsWith('.')).join('|');
const NOT_BEHIND = '(?<![\\w/.@:~<*-])';
/** A path from the root; without an extension only in backticks or with a slash at its end. */
const ROOTED = new RegExp(`${NOT_BEHIND}((?:${ROOT_FOLDERS})/(?:[\\w.*-]+/)*(?:[\\w*-][\\w.*-]*\\.\\w+|(?=[\\s\`).,;:]|$)|[\\w*-]+(?=\`)))`, 'g');
const NAMED = new RegExp(`${NOT_BEHIND}((?:\\.{1,2}/)*(?:[\\w.*-]+/)*[\\w.*-]*[\\w*]\\.(?:${EXTENSIONS}))\\b(?![/\\w-])`, 'g');

const isRooted = (name: string): boolean => new RegExp(`^(?:${ROOT_FOLDERS})/`).test(name);

const isFile = (name: string): boolean => {
  if (!name.includes('*')) return FILE_SET.has(name);
  const pattern = new RegExp(
    `^${name
      .split('*')
      .map((part) => part.replace(/[.\\]/g, '\\$&'))
      .join('[^/]*')}$`,
  );
  return FILES.some((file) => pattern.test(file));
};

const isThere = (name: string, { file }: Pick<Line, 'file'>): boolean => {
  if (MADE_ELSEWHERE.has(name)) return true;
  if (isRooted(name)) {
    const path = name.replace(/\/$/, '');
    return isFile(path) || FOLDERS.has(path) || FILES.some((other) => other.startsWith(path) && /^[.-]/.test(other.slice(path.length)));
  }
  return isFile(normalize(join(dirname(file), name))) || isFile(name) || FILES.some((other) => other.endsWith(`/${name}`));
};

test('every file that a comment or a document names is there', () => {
  const namesIn = ({ text }: Line) => [...firstGroups(text, ROOTED), ...firstGroups(text, NAMED)];
  expect(dangling(namesIn, isThere, 'the file ')).toEqual([]);
});

test('every relative link of a document leads somewhere', () => {
  const linksIn = ({ file, text }: Line) =>
    file.endsWith('.md') ? firstGroups(text, /\]\(([^)\s]+)\)/g).filter((target) => !/^(?:[a-z]+:|#)/.test(target)) : [];
  const leads = (target: string, { file }: Line) => {
    const path = normalize(join(dirname(file), target.replace(/#.*$/, ''))).replace(/\/$/, '');
    return FILE_SET.has(path) || FOLDERS.has(path);
  };
  expect(dangling(linksIn, leads, 'the link ')).toEqual([]);
});
