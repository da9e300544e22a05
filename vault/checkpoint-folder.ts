import { randomUUID } from 'node:crypto';
import { link, mkdir, open, readdir, readFile, unlink, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { type LogId, originOf } from '../domain/audit/checkpoint.js';
import { sameBytes } from '../domain/hashing.js';
import type { CheckpointArchive, EndedGeneration } from '../operations/ports.js';
import { type Checkpoint, verifyCheckpoint } from './checkpoint-note.js';

/** Wide enough for every size, so that names sort like sizes. */
const SIZE_DIGITS = 20;
const NOTE = new RegExp(`^[0-9]{${SIZE_DIGITS}}\\.note$`);

/** The record of a generation after the first: what a recovery went on from. */
interface Generation {
  generation: number;
  /** The generation of the database that was recovered, and how many events of it are kept. */
  previous: number;
  kept: bigint;
  proposalId: string;
}

type Newest = Checkpoint & { note: string };

/**
 * Published checkpoints in a folder: `<folder>/<tenant uuid>/<size>.note`. A later generation n of a log (docs/adr/0050) has its notes in
 * `…/generations/<n>/`, and begins with the file `…/generations/<n>.json`, which alone says that the notes of earlier ones beyond its
 * `kept_size` count no more: they stay where they are.
 *
 * When `publish` or `startGeneration` returns, the file is complete and on the disk (R15). Publishing the same note again changes nothing.
 * `publish` throws on another note for a size that has one already, and on a note that this key did not sign for this workspace, size and
 * generation.
 */
export const openCheckpointFolder = (folder: string, verifierKey: string): CheckpointArchive => {
  const name = verifierKey.slice(0, verifierKey.indexOf('+'));
  const begun = (tenantId: string) => generationsIn(join(folder, tenantId, 'generations'));
  const present = async (tenantId: string): Promise<number> => newestIn(await begun(tenantId));
  const placeOf = ({ tenantId, generation }: LogId): string =>
    generation === 1 ? join(folder, tenantId) : join(folder, tenantId, 'generations', String(generation));

  const verified = (log: LogId, size: bigint, note: string): Checkpoint => {
    const [checkpoint, origin] = [verifyCheckpoint(note, verifierKey), originOf(name, log)];
    if (checkpoint.origin !== origin || checkpoint.size !== size)
      throw new Error(`a checkpoint of ${checkpoint.origin} at size ${checkpoint.size} stands where size ${size} of ${origin} belongs`);
    return checkpoint;
  };

  /** The newest note of one generation, up to a size; null when there is none. */
  const newestOf = async (log: LogId, upTo: bigint | null): Promise<Newest | null> => {
    const last = upTo === null ? null : fileOf(upTo);
    // A busy log has hundreds of thousands of notes, so this takes one pass and no sorted copy.
    let newest = '';
    for (const file of await namesIn(placeOf(log))) if (file > newest && NOTE.test(file) && (last === null || file <= last)) newest = file;
    if (newest === '') return null;
    const note = await readFile(join(placeOf(log), newest), 'utf8');
    return { ...verified(log, BigInt(newest.slice(0, SIZE_DIGITS)), note), note };
  };

  /** The newest note of the log as it was in a generation. Before its first one, a generation stands on what it kept of the one before. */
  const latestIn = async (log: LogId, all: readonly Generation[]): Promise<Newest | null> => {
    let { generation } = log;
    for (let upTo: bigint | null = null; ; ) {
      const newest = await newestOf({ ...log, generation }, upTo);
      if (newest || generation === 1) return newest;
      const own = all.find((one) => one.generation === generation);
      if (!own) throw new Error(`the archive of workspace ${log.tenantId} has no record of generation ${generation}`);
      generation = own.previous;
      upTo = upTo === null || own.kept < upTo ? own.kept : upTo;
    }
  };

  const lostOf = async (log: LogId, kept: bigint): Promise<EndedGeneration> => {
    const newest = await newestOf(log, null);
    return { generation: log.generation, kept, lost: newest && newest.size > kept ? newest : null };
  };

  return {
    publish: async (tenantId, size, note) => {
      const log = { tenantId, generation: await present(tenantId) };
      const { root } = verified(log, size, note);
      await makeFolder(placeOf(log));
      if (await writeOnce(placeOf(log), fileOf(size), note)) return;
      // A note of the first release says the same of the same tree, under another signer's name.
      if (!sameBytes(verified(log, size, await readFile(join(placeOf(log), fileOf(size)), 'utf8')).root, root))
        throw new Error(`another checkpoint of workspace ${tenantId} is published at size ${size}: the log was rewritten`);
    },
    latest: async (tenantId) => {
      const all = await begun(tenantId);
      return latestIn({ tenantId, generation: newestIn(all) }, all);
    },
    generation: present,
    startGeneration: async (tenantId, { proposalId, generation: previous, kept }) => {
      const place = join(folder, tenantId, 'generations');
      for (;;) {
        const all = await begun(tenantId);
        const own = all.find((one) => one.proposalId === proposalId);
        if (own) {
          // Also when a process died right after it wrote the record: the database names the generation next.
          for (const holder of [place, dirname(place)]) await syncFolder(holder);
          const others = all.filter(({ generation }) => generation > own.previous && generation < own.generation);
          const ended = [lostOf({ tenantId, generation: own.previous }, own.kept), ...others.map((one) => lostOf({ tenantId, ...one }, one.kept))];
          return { generation: own.generation, ended: await Promise.all(ended) };
        }
        const newest = newestIn(all);
        if (newest < previous || ((await latestIn({ tenantId, generation: previous }, all))?.size ?? 0n) < kept)
          throw new Error(`the archive of workspace ${tenantId} lacks what its database goes on from: generation ${previous}, size ${kept}`);
        await makeFolder(place);
        // When another process took the number, it is asked again whose generation that is.
        const record = { generation: newest + 1, previous, kept_size: kept.toString(), proposal_id: proposalId };
        await writeOnce(place, `${record.generation}.json`, `${JSON.stringify(record)}\n`);
      }
    },
  };
};

const fileOf = (size: bigint): string => `${size.toString().padStart(SIZE_DIGITS, '0')}.note`;

const newestIn = (all: readonly Generation[]): number => all.at(-1)?.generation ?? 1;

/** The generations after the first that have begun, in order. Throws when a record is not what `startGeneration` writes. */
const generationsIn = async (place: string): Promise<Generation[]> => {
  const files = (await namesIn(place)).filter((file) => /^[0-9]+\.json$/.test(file));
  const all = await Promise.all(files.map(async (file) => toGeneration(file, await readFile(join(place, file), 'utf8'))));
  return all.sort((a, b) => a.generation - b.generation);
};

const toGeneration = (file: string, text: string): Generation => {
  const { generation, previous, kept_size: kept, proposal_id: proposalId } = JSON.parse(text) as { [member: string]: unknown };
  const isWhole = Number.isInteger(previous) && typeof kept === 'string' && /^[0-9]+$/.test(kept) && typeof proposalId === 'string';
  if (file !== `${generation}.json` || !isWhole) throw new Error(`the record of a generation is damaged: ${file}`);
  return { generation: Number(generation), previous: Number(previous), kept: BigInt(kept), proposalId };
};

/** Makes a folder and those above it. Each that is new is on the disk then. */
const makeFolder = async (path: string): Promise<void> => {
  const first = await mkdir(path, { recursive: true });
  if (first === undefined) return;
  for (let made = resolve(path); made.length >= resolve(first).length; made = dirname(made)) await syncFolder(dirname(made));
};

const syncFolder = async (path: string): Promise<void> => {
  const directory = await open(path, 'r');
  await directory.sync().finally(() => directory.close());
};

/** False when the name is taken. Writes another file and links it, so that a reader never sees half of it. */
const writeOnce = async (place: string, file: string, text: string): Promise<boolean> => {
  const draft = join(place, `.${randomUUID()}`);
  try {
    await writeFile(draft, text, { flag: 'wx', flush: true });
    await link(draft, join(place, file));
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  } finally {
    await unlink(draft).catch(() => undefined);
  }
  await syncFolder(place);
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
