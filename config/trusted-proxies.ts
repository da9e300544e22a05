import { isIP } from 'node:net';
import { z } from 'zod';

/** Names that Express knows. */
const RANGES = ['loopback', 'linklocal', 'uniquelocal'];

const isPlace = (text: string): boolean => {
  const [address = '', bits, ...more] = text.split('/');
  const version = isIP(address);
  if (RANGES.includes(text)) return true;
  if (version === 0 || more.length > 0) return false;
  return bits === undefined || (/^[1-9]\d{0,2}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128));
};

/** Whom to believe about the address of a caller, in the form of Express' `trust proxy`. */
export const trustedProxies = z
  .string()
  .default('0')
  .transform((text, issue): number | string[] => {
    if (/^\d$/.test(text)) return Number(text);
    const places = text.split(',').map((place) => place.trim());
    const wrong = places.find((place) => !isPlace(place));
    if (wrong === undefined) return places;
    issue.addIssue({ code: 'custom', message: `${wrong} is neither a number of proxies up to 9 nor an address, such as 10.0.0.0/8` });
    return z.NEVER;
  })
  .meta({ description: 'How many proxies stand in front, or their addresses (a list with commas, CIDR): they are believed about `X-Forwarded-For`' });
