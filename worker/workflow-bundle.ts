import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { FAILURE_CONVERTER } from './data-converter.js';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const CACHE = join(ROOT, 'node_modules', '.cache', 'sluice');

/** The folders whose code is part of the workflows. */
const SOURCES = ['workflows', 'domain'];

/**
 * Returns the code of the workflows in one file, as the sandbox loads it. Bundling takes seconds, so the result is cached under the
 * hash of the sources and the version of the SDK.
 */
export const workflowBundle = async (): Promise<string> => {
  const path = join(CACHE, `workflows-${workflowBuildId()}.js`);
  try {
    return readFileSync(path, 'utf8');
  } catch {
    const { code } = await bundleWorkflowCode({
      workflowsPath: join(ROOT, 'workflows', 'payout-batch.ts'),
      failureConverterPath: FAILURE_CONVERTER,
      logger: new DefaultLogger('WARN'),
    });
    mkdirSync(CACHE, { recursive: true });
    const draft = `${path}.${process.pid}`;
    writeFileSync(draft, code);
    renameSync(draft, path);
    return code;
  }
};

/** 16 hex digits that name the sources of the workflows: the same id means the same behaviour. */
export const workflowBuildId = (): string => {
  const hash = createHash('sha256');
  const { version } = createRequire(import.meta.url)('@temporalio/worker/package.json') as { version: string };
  hash.update(version);
  for (const room of SOURCES)
    for (const file of readdirSync(join(ROOT, room), { recursive: true, encoding: 'utf8' }).sort())
      if (/\.c?[jt]s$/.test(file)) hash.update(`\0${room}/${file}\0`).update(readFileSync(join(ROOT, room, file)));
  return hash.digest('hex').slice(0, 16);
};
