import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { buildCli } from './build-cli.js';
import { downloadCli } from './download-cli.js';

/** The version that is downloaded or built, and that the tests use. */
export const CLI_VERSION = '1.8.2';
/** Fair queues need at least this version of the server inside the program. */
const SERVER_MIN = [1, 31] as const;
const PROGRAM = process.platform === 'win32' ? 'temporal.exe' : 'temporal';

/** Path of the program in the user's cache, which all checkouts share. */
export const cachedCli = (): string => join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'sluice', 'temporal', CLI_VERSION, PROGRAM);

/**
 * Returns the path of a `temporal` program: that of TEMPORAL_CLI, on PATH or in the cache, else a new download or build into the
 * cache. `say` gets a line for steps that take long. Throws an Error that lists these ways when none works.
 */
export const findTemporalCli = async (say: (line: string) => void): Promise<string> => {
  const named = process.env['TEMPORAL_CLI'];
  if (named) {
    if (isRunnable(named)) return named;
    throw new Error(`TEMPORAL_CLI names ${named}, which can't be run. Name the \`temporal\` program, or unset it.`);
  }
  const onPath = (process.env['PATH'] ?? '')
    .split(delimiter)
    .filter(Boolean)
    .map((folder) => join(folder, PROGRAM))
    .find(isRunnable);
  if (onPath && isRecent(onPath)) return onPath;
  if (onPath) say(`Temporal           ${onPath} has a server older than ${SERVER_MIN.join('.')}, so another one is used`);
  const cached = cachedCli();
  if (isRunnable(cached)) return cached;

  const problems: string[] = [];
  for (const obtain of [downloadCli, buildCli]) {
    try {
      await obtain({ version: CLI_VERSION, target: cached, say });
      return cached;
    } catch (error) {
      problems.push((error as Error).message);
    }
  }
  throw new Error(
    [
      'There is no Temporal server on this machine, and none could be downloaded or built:',
      ...problems.map((problem) => `  - ${problem}`),
      'Each of these fixes it:',
      '  - put the `temporal` program (https://docs.temporal.io/cli) on PATH, or name it in TEMPORAL_CLI',
      `  - put it at ${cached}`,
      '  - install Go 1.26 or newer (https://go.dev/dl), and start again: it is built once, in about four minutes',
      '  - set TEMPORAL_ADDRESS to a Temporal server that runs elsewhere',
    ].join('\n'),
  );
};

const isRunnable = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK);
    return existsSync(path);
  } catch {
    return false;
  }
};

const isRecent = (path: string): boolean => {
  const { stdout } = spawnSync(path, ['--version'], { encoding: 'utf8', timeout: 10_000 });
  const [, major, minor] = /Server (\d+)\.(\d+)/.exec(stdout ?? '') ?? [];
  return Number(major) > SERVER_MIN[0] || (Number(major) === SERVER_MIN[0] && Number(minor) >= SERVER_MIN[1]);
};
