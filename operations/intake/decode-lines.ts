import { TextDecoder } from 'node:util';

/** Why a text ended before its file did. */
export type DecodeFault = 'encoding' | 'utf16' | 'spreadsheet' | 'line_too_long';

/** The longest line that is read, bytes. Without a limit a file without line ends would fill the memory. */
const LINE_BYTES_MAX = 1 << 20;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/**
 * Bytes → text in whole lines, decoded strictly as UTF-8 (a byte order mark is dropped). A line ends with LF, CRLF or CR. Holds one block
 * and one line in memory. At a fault it has yielded all good lines before it, calls `onFault` and ends.
 */
export async function* decodeLines(bytes: AsyncIterable<Uint8Array>, onFault: (fault: DecodeFault) => void): AsyncGenerator<string> {
  let rest: Uint8Array[] = [];
  let restBytes = 0;
  // Decoding starts anew at each line, so only the first may drop a byte order mark.
  let decoder = FIRST;
  let begun = false;
  for await (const block of withWholeStart(bytes)) {
    const other = begun ? null : otherFormat(block);
    if (other) return onFault(other);
    begun = true;
    const end = endOfLines(block);
    // Only the next block tells whether a CR at the end of this one is a line end or half of one.
    const crEnds = rest.at(-1)?.at(-1) === CARRIAGE_RETURN && block[0] !== LINE_FEED;
    if (end > 0 || crEnds) {
      const decoded = decode(decoder, Buffer.concat([...rest, block.subarray(0, end)]));
      yield decoded.text;
      if (!decoded.whole) return onFault('encoding');
      decoder = LATER;
      rest = [];
      restBytes = 0;
    }
    if (end === block.length) continue;
    rest.push(block.subarray(end));
    restBytes += block.length - end;
    if (restBytes > LINE_BYTES_MAX) return onFault('line_too_long');
  }
  const last = decode(decoder, Buffer.concat(rest));
  yield last.text;
  if (!last.whole) onFault('encoding');
}

/** Behind the last line end of a block for which its next byte is not needed. */
const endOfLines = (block: Uint8Array): number => {
  const lineFeed = block.lastIndexOf(LINE_FEED) + 1;
  return lineFeed + block.subarray(lineFeed, -1).lastIndexOf(CARRIAGE_RETURN) + 1;
};

/**
 * First bytes of files that are no CSV in UTF-8: ZIP (xlsx, xlsb, ods, numbers), the container of xls, XML and pages that some programs
 * call a spreadsheet (with or without a byte order mark), and the two orders of UTF-16.
 */
const OTHER_FORMATS: readonly { fault: DecodeFault; start: readonly number[] }[] = [
  { fault: 'spreadsheet', start: [0x50, 0x4b, 0x03, 0x04] },
  { fault: 'spreadsheet', start: [0xd0, 0xcf, 0x11, 0xe0] },
  { fault: 'spreadsheet', start: [0x3c] },
  { fault: 'spreadsheet', start: [0xef, 0xbb, 0xbf, 0x3c] },
  { fault: 'utf16', start: [0xff, 0xfe] },
  { fault: 'utf16', start: [0xfe, 0xff] },
];
const START_BYTES = 4;

const otherFormat = (block: Uint8Array): DecodeFault | undefined =>
  OTHER_FORMATS.find(({ start }) => start.every((byte, i) => block[i] === byte))?.fault;

/** The blocks of a file without empty ones; the first has all bytes that tell what the file is. */
async function* withWholeStart(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let start: Uint8Array | null = new Uint8Array();
  for await (const block of bytes) {
    if (!start) {
      if (block.length > 0) yield block;
      continue;
    }
    start = Buffer.concat([start, block]);
    if (start.length < START_BYTES) continue;
    yield start;
    start = null;
  }
  if (start && start.length > 0) yield start;
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

/** The lines before the first that is not UTF-8; a line end is never part of another character. */
const goodLines = (decoder: TextDecoder, lines: Uint8Array): string => {
  let text = '';
  for (let from = 0; from < lines.length; ) {
    const to = endOfLine(lines, from);
    try {
      text += decoder.decode(lines.subarray(from, to));
    } catch {
      break;
    }
    from = to;
  }
  return text;
};

const endOfLine = (lines: Uint8Array, from: number): number => {
  const end = lines.subarray(from).findIndex((byte) => byte === LINE_FEED || byte === CARRIAGE_RETURN);
  if (end < 0) return lines.length;
  const at = from + end;
  return lines[at] === CARRIAGE_RETURN && lines[at + 1] === LINE_FEED ? at + 2 : at + 1;
};
