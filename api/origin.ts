import { canonicalLine, unfitCharacter } from '../domain/text.js';

const DEVICE_MAX = 200;

/** The program that sent a request, by its User-Agent (RFC 9110, section 10.1.5), in at most 200 characters. Null when it does not say, or says what no text may hold. */
export const deviceOf = (userAgent: string | undefined): string | null => {
  const line = canonicalLine(userAgent ?? '').slice(0, DEVICE_MAX);
  return line === '' || unfitCharacter(line, { lines: false }) ? null : line;
};
