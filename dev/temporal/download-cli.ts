import { spawnSync } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { chmod, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';

export interface Wanted {
  version: string;
  /** Path of the program. */
  target: string;
  say: (line: string) => void;
}

const ANSWER_MS = 10_000;
const WHOLE_MS = 300_000;
const PLATFORMS: Record<string, string> = { win32: 'windows', darwin: 'darwin', linux: 'linux' };
const ARCHITECTURES: Record<string, string> = { x64: 'amd64', arm64: 'arm64' };
const description = z.object({ archiveUrl: z.url(), fileToExtract: z.string() });

/** Downloads the program as Temporal's own SDKs do. Throws an Error within 10 s when the server refuses or does not answer. */
export const downloadCli = async ({ version, target, say }: Wanted): Promise<void> => {
  const platform = PLATFORMS[process.platform];
  const arch = ARCHITECTURES[process.arch];
  if (!platform || !arch) throw new Error(`the official download has nothing for ${process.platform} ${process.arch}`);
  const about = `https://temporal.download/cli/v${version}?platform=${platform}&arch=${arch}&format=tar.gz`;
  const { archiveUrl, fileToExtract } = description.parse(await (await ask(about)).json());
  const started = Date.now();
  const archive = await ask(archiveUrl);
  await mkdir(dirname(target), { recursive: true });
  const folder = await mkdtemp(`${target}-`);
  try {
    const file = join(folder, 'archive.tar.gz');
    if (!archive.body) throw new Error(`${archiveUrl} answered nothing`);
    await pipeline(Readable.fromWeb(archive.body as Parameters<typeof Readable.fromWeb>[0]), createWriteStream(file), {
      signal: AbortSignal.timeout(WHOLE_MS),
    });
    const { status, stderr } = spawnSync('tar', ['-xzf', file, '-C', folder], { encoding: 'utf8' });
    if (status !== 0) throw new Error(`${archiveUrl} could not be unpacked: ${stderr}`);
    const program = join(folder, fileToExtract);
    await chmod(program, 0o755);
    await rename(program, target);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  say(`Temporal           downloaded into the cache in ${((Date.now() - started) / 1_000).toFixed(1)} s`);
};

/** This limit is for the head of the answer; a long body has its own. */
const ask = async (url: string): Promise<Response> => {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), ANSWER_MS);
  try {
    const answer = await fetch(url, { signal: late.signal });
    if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
    return answer;
  } catch (error) {
    const { message, cause } = error as Error & { cause?: Error };
    throw new Error(
      `the download from ${new URL(url).host} was refused (${late.signal.aborted ? `no answer in ${ANSWER_MS / 1_000} s` : (cause?.message ?? message)})`,
    );
  } finally {
    clearTimeout(timer);
  }
};
