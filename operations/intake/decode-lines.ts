import { TextDecoder } from 'node:util';

/** Longest line that is looked at, bytes. A file without line ends must not gather in memory. */
const LINE_BYTES_MAX = 1 << 20;
const LINE_FEED = 0x0a;

/** Why a text ended before its file did. */
export type DecodeFault = 'encoding' | 'line_too_long';

/**
 * Bytes → text, line by line complete, decoded strictly as UTF-8 (a byte order mark is dropped). Memory is one block
 * and one line. On a fault all good lines before it have been yielded, `onFault` is called, and the text ends.
 */
export async function* decodeLines(bytes: AsyncIterable<Uint8Array>, onFault: (fault: DecodeFault) => void): AsyncGenerator<string> {
  let rest: Uint8Array[] = [];
  let restBytes = 0;
  // Decoding starts anew at each line, so only the first may drop a byte order mark.
  let decoder = FIRST;
  for await (const block of bytes) {
    const end = block.lastIndexOf(LINE_FEED) + 1;
    if (end > 0) {
      const decoded = decode(decoder, Buffer.concat([...rest, block.subarray(0, end)]));
      yield decoded.text;
      if (!decoded.whole) return onFault('encoding');
      decoder = LATER;
      rest = [];
      restBytes = 0;
    }
    rest.push(block.subarray(end));
    restBytes += block.length - end;
    if (restBytes > LINE_BYTES_MAX) return onFault('line_too_long');
  }
  const last = decode(decoder, Buffer.concat(rest));
  yield last.text;
  if (!last.whole) onFault('encoding');
}

const FIRST = new TextDecoder('utf-8', { fatal: true });
const LATER = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

const decode = (decoder: TextDecoder, lines: Uint8Array): { text: string; whole: boolean } => {
  try {
    return { text: decoder.decode(lines), whole: true };
  } catch {
    return { text: goodLines(decoder, lines), whole: false };
  }
};

/** The lines before the first that is not UTF-8; a line feed is never part of another character. */
const goodLines = (decoder: TextDecoder, lines: Uint8Array): string => {
  let text = '';
  for (let from = 0; from < lines.length; ) {
    const to = lines.indexOf(LINE_FEED, from) + 1 || lines.length;
    try {
      text += decoder.decode(lines.subarray(from, to));
    } catch {
      break;
    }
    from = to;
  }
  return text;
};
