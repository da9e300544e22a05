import { repeatedMember } from '../domain/json-members.js';
import { ok, type Result, refuse } from '../domain/result.js';

/** Drops a byte order mark. */
const UTF_8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Reads the bytes of a body as JSON, more strictly than `JSON.parse` (I-JSON, RFC 7493): UTF-8 without broken bytes, an object or an
 * array, and no member twice in an object, because readers differ in which of two they take. No bytes at all are an empty object.
 * Refuses with `malformed_json`.
 */
export const readJson = (bytes: Uint8Array): Result<unknown> => {
  if (bytes.length === 0) return ok({});
  let text: string;
  try {
    text = UTF_8.decode(bytes);
  } catch {
    return refuse('malformed_json', 'The body is not UTF-8.');
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return refuse('malformed_json', 'The body could not be read as JSON.');
  }
  if (typeof value !== 'object' || value === null) return refuse('malformed_json', 'The body must be a JSON object.');
  const repeated = repeatedMember(text);
  if (repeated === null) return ok(value);
  return refuse('malformed_json', `The body has a member twice in one object, the second time at character ${repeated + 1}. Send it once.`);
};
