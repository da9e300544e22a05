import { EXIT, Failure } from './failure.js';

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };

/** A duration as people type it, such as `90s`, `30m`, `1h` or `1d`, in seconds. Fails with wrong usage for anything else. */
export const typedDuration = (flag: string, text: string): number => {
  const [, count, unit = ''] = /^(\d{1,9})([smhd])$/.exec(text) ?? [];
  const seconds = Number(count) * (SECONDS[unit] ?? Number.NaN);
  if (Number.isNaN(seconds)) throw new Failure(EXIT.usage, `${flag}: give a number of seconds, minutes, hours or days, such as 90s, 30m, 1h or 1d.`);
  return seconds;
};
