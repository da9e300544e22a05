import { finished, PassThrough, Readable } from 'node:stream';
import { Busboy } from '@fastify/busboy';
import type { Request } from 'express';
import { ok, type Refusal, type Result, refuse } from '../domain/result.js';
import { RefusedUpload } from './spool.js';

export const FORM = 'multipart/form-data';

/** As what a CSV arrives. A Windows with Excel calls every CSV `application/vnd.ms-excel`, and a web page sends it in a form. */
export const CSV_TYPES = ['text/csv', 'application/vnd.ms-excel', FORM];

/** The file in a request, not read yet. Reading one out of a form throws RefusedUpload when the form has more or less than one file. */
export const csvOf = (req: Request): Result<Readable> => {
  if ((req.get('content-encoding') ?? 'identity') !== 'identity') return refuse('unsupported_media_type', 'Send the CSV without a content encoding.');
  const charset = CHARSET.exec(req.get('content-type') ?? '')?.[1];
  if (charset !== undefined && !/^utf-?8$/i.test(charset))
    return refuse('unsupported_media_type', `The Content-Type says charset=${charset}. Save the file as CSV UTF-8 and send it with charset=utf-8.`);
  return ok(req.is(FORM) ? Readable.from(fileOfForm(req)) : req);
};

/** A name of a charset (RFC 2978). */
const CHARSET = /;\s*charset\s*=\s*"?([\w!#$%&'+^`{}~.:-]{1,40})/i;

const HEADER_PAIRS_MAX = 32;

/** The bytes of the only file of a form, as they arrive. */
async function* fileOfForm(req: Request): AsyncGenerator<Uint8Array> {
  const form = formOf(req);
  const file = new PassThrough();
  let found = false;
  const fail = (refusal: Refusal) => file.destroy(new RefusedUpload(refusal));
  form.on('file', (field, part, name: string | undefined) => {
    // The form says it too.
    part.on('error', () => undefined);
    if (name === undefined) return fail(wrongForm(field?.slice(0, NAME_SHOWN) ?? 'form', 'unknown_field'));
    found = true;
    part.pipe(file, { end: false });
  });
  form.on('partsLimit', () => fail(wrongForm('form', 'unknown_field')));
  form.on('error', () => fail(refuse('invalid_request', 'The form ends too early, or its parts cannot be told apart.').refusal));
  form.on('finish', () => (found ? file.end() : fail(wrongForm('form', 'missing'))));
  // A client that goes away ends no form.
  finished(req, { writable: false }, (error) => error && file.destroy(error));
  req.pipe(form);
  try {
    yield* file;
  } finally {
    req.unpipe(form);
    req.resume();
  }
}

const NAME_SHOWN = 64;

/** Every part counts as a file, so that none is held in memory to be refused. */
const formOf = (req: Request) => {
  try {
    return new Busboy({
      headers: { ...req.headers, 'content-type': req.get('content-type') ?? '' },
      limits: { parts: 1, headerPairs: HEADER_PAIRS_MAX },
      isPartAFile: () => true,
    });
  } catch {
    throw new RefusedUpload(refuse('invalid_request', 'The Content-Type of a form names its boundary.').refusal);
  }
};

const wrongForm = (field: string, reason: 'unknown_field' | 'missing'): Refusal =>
  refuse('invalid_request', 'A form holds one file and nothing else.', {
    errors: [{ field, reason, message: 'send one file and nothing else; all settings belong into the query of the address' }],
  }).refusal;
