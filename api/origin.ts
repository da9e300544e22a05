import ipaddr from 'ipaddr.js';
import { canonicalLine, unfitCharacter } from '../domain/text.js';

const DEVICE_MAX = 200;
/** Bits that name a network and not who is in it: what one household or office has. */
const [IPV4_BITS, IPV6_BITS] = [24, 48];

/** The program that sent a request, by its User-Agent (RFC 9110, section 10.1.5), in at most 200 characters. Null when it does not say, or says what no text may hold. */
export const deviceOf = (userAgent: string | undefined): string | null => {
  const line = canonicalLine(userAgent ?? '').slice(0, DEVICE_MAX);
  return line === '' || unfitCharacter(line, { lines: false }) ? null : line;
};

/** The network of an address, as people can compare it: `203.0.113.0/24`, `2001:db8:1::/48`. An IPv4 address that is mapped into IPv6 is the IPv4 address. */
export const networkOf = (address: string | undefined): string | null => {
  if (address === undefined || !ipaddr.isValid(address)) return null;
  const parsed = ipaddr.process(address);
  const bits = parsed.kind() === 'ipv4' ? IPV4_BITS : IPV6_BITS;
  const kept = parsed.toByteArray().map((byte, i) => (i < bits / 8 ? byte : 0));
  return `${ipaddr.fromByteArray(kept).toString()}/${bits}`;
};
