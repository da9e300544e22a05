import { isIPv4, isIPv6 } from 'node:net';

/** The first half of an IPv6 address: one subscriber has all addresses of it (RFC 6177). */
const NETWORK_GROUPS = 4;
const GROUPS = 8;

/**
 * The network of an address: an IPv4 address itself, of IPv6 the /64. An IPv4 address that is written as IPv6 (`::ffff:192.0.2.1`, RFC 4291
 * §2.5.5.2) is the IPv4 address, however its digits are written. Null for what is no address.
 */
export const networkOf = (address: string): string | null => {
  if (isIPv4(address)) return address;
  const [plain = ''] = address.split('%', 1);
  if (!isIPv6(plain)) return null;
  const groups = groupsOf(plain);
  if (isMapped(groups)) return [groups[6], groups[7]].flatMap((group = 0) => [group >> 8, group & 255]).join('.');
  const network = groups.slice(0, NETWORK_GROUPS).map((group) => group.toString(16));
  return `${network.join(':')}::/64`;
};

/** The eight groups of an IPv6 address. A URL writes it in its one form (RFC 5952): no dotted quad, and `::` at most once. */
const groupsOf = (address: string): number[] => {
  const [head = '', tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::');
  const [before, after] = [numbersOf(head), numbersOf(tail ?? '')];
  return tail === undefined ? before : [...before, ...Array<number>(GROUPS - before.length - after.length).fill(0), ...after];
};

const numbersOf = (text: string): number[] => (text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16)));

const isMapped = (groups: readonly number[]): boolean => groups[5] === 0xffff && groups.slice(0, 5).every((group) => group === 0);
