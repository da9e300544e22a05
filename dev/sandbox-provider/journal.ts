import { createReadStream, existsSync } from 'node:fs';
import { type FileHandle, open, truncate } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { JournalRecord } from './records.js';

interface Batch {
  lines: string[];
  done: Promise<void>;
  resolve: () => void;
  reject: (error: unknown) => void;
}

const newBatch = (): Batch => {
  let resolve = () => {};
  let reject: (error: unknown) => void = () => {};
  const done = new Promise<void>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  // Waiting requests get the error. Without one, the rejection must not end the process as unhandled.
  done.catch(() => {});
  return { lines: [], done, resolve, reject };
};

/**
 * An append-only file of JSON lines with group commit: lines that arrive during a write and sync are written together afterwards, with
 * one sync for all. After a failed write `durable` always rejects.
 */
export class Journal {
  readonly #file: FileHandle;
  readonly #fsync: 'group' | 'off';
  #next: Batch | null = null;
  #writing: Batch | null = null;
  #broken: unknown = null;

  private constructor(file: FileHandle, fsync: 'group' | 'off') {
    this.#file = file;
    this.#fsync = fsync;
  }

  static async open(path: string, fsync: 'group' | 'off'): Promise<Journal> {
    const file = await open(path, 'a', 0o600);
    const folder = await open(dirname(path), 'r');
    await folder.sync();
    await folder.close();
    return new Journal(file, fsync);
  }

  append(record: JournalRecord): void {
    this.#next ??= newBatch();
    this.#next.lines.push(`${JSON.stringify(record)}\n`);
    if (!this.#writing) void this.#write();
  }

  /** Resolves when everything appended before the call is on disk. */
  async durable(): Promise<void> {
    if (this.#broken) throw this.#broken;
    await (this.#next ?? this.#writing)?.done;
  }

  async close(): Promise<void> {
    await this.durable();
    await this.#file.close();
  }

  async #write(): Promise<void> {
    while (this.#next && !this.#broken) {
      const batch = this.#next;
      this.#writing = batch;
      this.#next = null;
      try {
        await this.#file.appendFile(batch.lines.join(''));
        if (this.#fsync === 'group') await this.#file.datasync();
        batch.resolve();
      } catch (error) {
        this.#broken = error;
        batch.reject(error);
      }
    }
    if (this.#broken && this.#next) this.#next.reject(this.#broken);
    this.#writing = null;
  }
}

/**
 * Calls `apply` with every record of a journal, in order. An incomplete last line was never answered, so it is removed. Throws on a
 * broken line anywhere else. A missing journal has no records.
 */
export const replayJournal = async (path: string, apply: (record: JournalRecord) => void): Promise<void> => {
  if (!existsSync(path)) return;
  let rest: Buffer = Buffer.alloc(0);
  /** Byte after the last line that was applied. */
  let good = 0;
  let torn = false;
  for await (const chunk of createReadStream(path, { highWaterMark: READ_BYTES }) as AsyncIterable<Buffer>) {
    const bytes = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk;
    let start = 0;
    for (let end = bytes.indexOf(LINE_FEED); end >= 0; end = bytes.indexOf(LINE_FEED, start)) {
      if (torn) throw damaged(good);
      const record = parseLine(bytes.toString('utf8', start, end));
      if (record) {
        apply(record);
        good += end + 1 - start;
      } else torn = true;
      start = end + 1;
    }
    rest = bytes.subarray(start);
  }
  if (torn && rest.length > 0) throw damaged(good);
  if (torn || rest.length > 0) await truncate(path, good);
};

const READ_BYTES = 4 * 1024 * 1024;
const LINE_FEED = 10;

const parseLine = (line: string): JournalRecord | null => {
  try {
    return JSON.parse(line) as JournalRecord;
  } catch {
    return null;
  }
};

const damaged = (at: number) =>
  new Error(`The provider's journal is damaged at byte ${at}. Nothing was changed; restore a copy, or remove the folder to start with empty books.`);
