import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Response } from 'express';

/** Streams records as JSON lines, no faster than the reader takes them. A failure midway breaks the connection, so that a cut file is noticed. */
export const sendJsonLines = async (res: Response, records: AsyncIterable<unknown>): Promise<void> => {
  res.status(200).type('application/jsonl; charset=utf-8');
  const lines = async function* (): AsyncGenerator<string> {
    for await (const record of records) yield `${JSON.stringify(record)}\n`;
  };
  await pipeline(Readable.from(lines()), res);
};
