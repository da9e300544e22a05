/**
 * IP addresses and networks as text, each in one form: decimal IPv4, IPv6 after RFC 5952, networks in CIDR notation (RFC 4632). An IPv4
 * address that is mapped into IPv6 (`::ffff:192.0.2.1`, RFC 4291 section 2.5.5.2) is that IPv4 address.
 */

/** The bits of an address, and how many it has. */
interface Address {
  readonly bits: bigint;
  readonly width: 32 | 128;
}

interface Network extends Address {
  readonly prefix: number;
}

const NO_NETWORK = {
  form: 'give an address or a network, such as 203.0.113.7, 203.0.113.0/24 or 2001:db8::/32',
  rest: 'the address has bits after the prefix: give the first address of the network, or an address without a prefix',
  everything: 'this is every address there is: leave it out',
} as const;

/** The one form of an address. Null for a host name, a zone, a port, and numbers that programs read differently, such as `010.0.0.1`. */
export const readAddress = (text: string): string | null => {
  const address = parse(text);
  return address && write(address);
};

/** The one form of a network, or of an address as the network that holds it alone. Null when `networkMessage` says what is wrong. */
export const readNetwork = (text: string): string | null => {
  const network = parseNetwork(text);
  return typeof network === 'string' ? null : `${write(network)}/${network.prefix}`;
};

/** What is wrong with a text as a network, and what to give instead; null when it is one. It never repeats the text. */
export const networkMessage = (text: string): string | null => {
  const network = parseNetwork(text);
  return typeof network === 'string' ? NO_NETWORK[network] : null;
};

/** Whether one of the networks holds the address. What can't be read holds nothing, and is held by nothing. */
export const isIn = (networks: readonly string[], address: string): boolean => {
  const asked = parse(address);
  return asked !== null && networks.some((text) => holds(parseNetwork(text), asked));
};

/** Bits of an address that name who uses it, not one device: usual sizes of what providers hand to a customer. */
const NEARBY = { 32: 24, 128: 48 } as const;

/** The network that an address is shown and kept as, because a whole address is personal data: its /24 (IPv4) or /48 (IPv6). */
export const nearbyNetwork = (address: string): string | null => around(address, NEARBY);

/** What one subscriber has: an IPv4 address, or 64 bits of an IPv6 address and all that follow them (RFC 6177). */
const SUBSCRIBER = { 32: 32, 128: 64 } as const;

/** The network that requests of an address are counted for: all addresses of one subscriber. A zone (`%eth0`) says nothing about it. */
export const subscriberNetwork = (address: string): string | null => around(address.split('%', 1)[0] ?? '', SUBSCRIBER);

const around = (address: string, prefixes: Readonly<Record<Address['width'], number>>): string | null => {
  const parsed = parse(address);
  if (!parsed) return null;
  const prefix = prefixes[parsed.width];
  const rest = BigInt(parsed.width - prefix);
  return `${write({ ...parsed, bits: (parsed.bits >> rest) << rest })}/${prefix}`;
};

const holds = (network: ReturnType<typeof parseNetwork>, { bits, width }: Address): boolean =>
  typeof network !== 'string' && network.width === width && (bits ^ network.bits) >> BigInt(width - network.prefix) === 0n;

const parseNetwork = (text: string): Network | keyof typeof NO_NETWORK => {
  const [, start = '', length] = /^([^/]+)(?:\/(0|[1-9]\d{0,2}))?$/.exec(text) ?? [];
  const address = parse(start);
  if (!address) return 'form';
  const { bits, width } = address;
  // The prefix of a mapped address counts the 96 bits before it.
  const before = width === 32 && start.includes(':') ? 96 : 0;
  const prefix = length === undefined ? width : Number(length) - before;
  if (prefix < 0 || prefix > width) return 'form';
  if (prefix === 0) return 'everything';
  return bits & ((1n << BigInt(width - prefix)) - 1n) ? 'rest' : { ...address, prefix };
};

const DECIMAL = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/;
const HEXADECIMAL = /^(?=.*:)[\da-f:.]{2,45}$/i;
/** The upper 96 bits of a mapped address. */
const MAPPED = 0xffffn;

const parse = (text: string): Address | null => {
  if (DECIMAL.test(text)) return { bits: joined(text.split('.').map(BigInt), 8n), width: 32 };
  const url = HEXADECIMAL.test(text) ? `http://[${text}]` : '';
  if (!URL.canParse(url)) return null;
  const [before, after] = inside(url)
    .split('::')
    .map((half) => (half === '' ? [] : half.split(':')));
  const [first, last] = [before ?? [], after ?? []];
  const zeros = Array.from({ length: 8 - first.length - last.length }, () => '0');
  const bits = joined(
    [...first, ...zeros, ...last].map((group) => BigInt(`0x${group}`)),
    16n,
  );
  return bits >> 32n === MAPPED ? { bits: bits & 0xffff_ffffn, width: 32 } : { bits, width: 128 };
};

const write = ({ bits, width }: Address): string => {
  if (width === 32) return parted(bits, 4, 8n).join('.');
  const groups = parted(bits, 8, 16n).map((group) => group.toString(16));
  return inside(`http://[${groups.join(':')}]`);
};

/** The IPv6 address of a URL, as the URL standard reads and writes it. */
const inside = (url: string): string => new URL(url).hostname.slice(1, -1);

const joined = (parts: readonly bigint[], size: bigint): bigint => parts.reduce((bits, part) => (bits << size) | part, 0n);

const parted = (bits: bigint, count: number, size: bigint): bigint[] =>
  Array.from({ length: count }, (_, place) => (bits >> (size * BigInt(count - 1 - place))) & ((1n << size) - 1n));
