import { randomUUID } from 'node:crypto';
import { link, mkdir, open, readdir, readFile, rename, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sameBytes } from '../domain/hashing.js';
import type { CheckpointArchive } from '../operations/ports.js';
import { type Checkpoint, verifyCheckpoint } from './checkpoint-note.js';
import { originOf } from './checkpoint-signer.js';

/** Wide enough for every size, so that names sort like sizes. */
const SIZE_DIGITS = 20;
const NOTE = new RegExp(`^([0-9]{${SIZE_DIGITS}})\\.note$`);

/**
 * Published checkpoints in a folder: `<folder>/<tenant uuid>/<size>.note`, and `…/lost-after-<size>/` for those of a gap. When `publish` returns, the note is complete and on
 * the disk (R15). Publishing the same note again changes nothing. It throws on another note for a size that has one already, and
 * on a note that this key did not sign for this workspace and size.
 */
export const openCheckpointFolder = (folder: string, verifierKey: string): CheckpointArchive => {
  const name = verifierKey.slice(0, verifierKey.indexOf('+'));

  const verified = (tenantId: string, size: bigint, note: string): Checkpoint => {
    const checkpoint = verifyCheckpoint(note, verifierKey);
    if (checkpoint.origin !== originOf(name, tenantId) || checkpoint.size !== size)
      throw new Error(`a checkpoint of ${checkpoint.origin} at size ${checkpoint.size} stands where size ${size} of workspace ${tenantId} belongs`);
    return checkpoint;
  };

  return {
    publish: async (tenantId, size, note) => {
      const { root } = verified(tenantId, size, note);
      const place = join(folder, tenantId);
      await mkdir(place, { recursive: true });
      const path = join(place, `${size.toString().padStart(SIZE_DIGITS, '0')}.note`);
      if (await writeOnce(place, path, note)) return;
      // A note of the first release says the same of the same tree, under another signer's name.
      if (!sameBytes(verified(tenantId, size, await readFile(path, 'utf8')).root, root))
        throw new Error(`another checkpoint of workspace ${tenantId} is published at size ${size}: the log was rewritten`);
    },
    latest: async (tenantId) => {
      const place = join(folder, tenantId);
      // A busy log has hundreds of thousands of notes, so this takes one pass and no sorted copy.
      let newest = '';
      for (const file of await namesIn(place)) if (file > newest && NOTE.test(file)) newest = file;
      if (newest === '') return null;
      const note = await readFile(join(place, newest), 'utf8');
      const { size, root } = verified(tenantId, BigInt(newest.slice(0, SIZE_DIGITS)), note);
      return { size, root, note };
    },
    setAside: async (tenantId, kept) => {
      const place = join(folder, tenantId);
      const aside = join(place, `lost-after-${kept}`);
      const lost = (await namesIn(place)).filter((file) => NOTE.test(file) && BigInt(file.slice(0, SIZE_DIGITS)) > kept);
      if (lost.length > 0) await mkdir(aside, { recursive: true });
      // The largest goes last: until then the comparison still finds that the database is behind.
      for (const file of lost.sort()) await rename(join(place, file), join(aside, file));
      const newest = (await namesIn(aside))
        .filter((file) => NOTE.test(file))
        .sort()
        .at(-1);
      if (!newest) return null;
      const { size, root } = verified(tenantId, BigInt(newest.slice(0, SIZE_DIGITS)), await readFile(join(aside, newest), 'utf8'));
      return { size, root };
    },
  };
};

/** False when the name is taken. Writes another file and links it, so that a reader never sees half a note. */
const writeOnce = async (place: string, path: string, note: string): Promise<boolean> => {
  const draft = join(place, `.${randomUUID()}`);
  try {
    await writeFile(draft, note, { flag: 'wx', flush: true });
    await link(draft, path);
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  } finally {
    await unlink(draft).catch(() => undefined);
  }
  const directory = await open(place, 'r');
  await directory.sync().finally(() => directory.close());
  return true;
};

const namesIn = async (place: string): Promise<string[]> => {
  try {
    return await readdir(place);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  }
};

const codeOf = (error: unknown): unknown => (error as { code?: unknown }).code;
