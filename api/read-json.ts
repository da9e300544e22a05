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

/** Where a text that `JSON.parse` takes names a member of an object again, in characters from its beginning; null when it nowhere does. */
export const repeatedMember = (text: string): number | null => {
  const objects: Set<string>[] = [];
  for (let at = 0; at < text.length; at++) {
    const sign = text[at];
    if (sign === '{') objects.push(new Set());
    else if (sign === '}') objects.pop();
    else if (sign === '"') {
      const end = endOfString(text, at);
      if (isName(text, end)) {
        const written = text.slice(at, end + 1);
        const name = written.includes('\\') ? (JSON.parse(written) as string) : written.slice(1, -1);
        const names = objects.at(-1);
        if (names?.has(name)) return at;
        names?.add(name);
      }
      at = end;
    }
  }
  return null;
};

/** The quote that ends a string: the next one behind an even number of backslashes. No pattern does this for strings of megabytes. */
const endOfString = (text: string, begin: number): number => {
  for (let end = begin; ; ) {
    end = text.indexOf('"', end + 1);
    let before = end;
    while (text[before - 1] === '\\') before--;
    if ((end - before) % 2 === 0) return end;
  }
};

/** Whether the string that ends there has a colon behind it. */
const isName = (text: string, end: number): boolean => {
  let next = end + 1;
  while (' \t\n\r'.includes(text[next] ?? ':')) next++;
  return text[next] === ':';
};
