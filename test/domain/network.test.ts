import { BlockList, isIP } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { isIn, nearbyNetwork, networkMessage, readAddress, readNetwork } from '../../domain/network.js';

/** Node's own reading of addresses (`isIP`) and networks (`BlockList`) says what is right. */

type Width = 32 | 128;

const hex = (bits: bigint): string => bits.toString(16).padStart(32, '0');
/** An address as the standard writes it without any shortening. */
const written = (bits: bigint, width: Width): string =>
  width === 32 ? [24n, 16n, 8n, 0n].map((shift) => (bits >> shift) & 255n).join('.') : (hex(bits).match(/.{4}/g) ?? []).join(':');
const familyOf = (width: Width) => (width === 32 ? 'ipv4' : 'ipv6');

const width = fc.constantFrom<Width>(32, 128);
const bitsOf = (width: Width) => fc.bigInt({ min: 0n, max: (1n << BigInt(width)) - 1n });

const anyAddress = width.chain((width) => bitsOf(width).map((bits) => ({ text: written(bits, width), width })));

/** IPv4 in IPv6, which Node takes for an IPv6 address and we for the IPv4 address. */
const isMapped = (bits: bigint, width: Width): boolean => width === 128 && bits >> 32n === 0xffffn;

/** A network, and an address that is anywhere, in it, or out of it by one bit. */
const asked = width
  .chain((width) =>
    fc.record({ width: fc.constant(width), start: bitsOf(width), prefix: fc.integer({ min: 1, max: width }), other: bitsOf(width) }).chain((one) => {
      const rest = (1n << BigInt(width - one.prefix)) - 1n;
      const net = one.start & ~rest;
      const flipped = fc.integer({ min: width - one.prefix, max: width - 1 }).map((bit) => (net | (one.other & rest)) ^ (1n << BigInt(bit)));
      return fc
        .oneof(fc.constant(one.other), fc.constant(net | (one.other & rest)), flipped)
        .map((address) => ({ width, net, prefix: one.prefix, address }));
    }),
  )
  .filter(({ width, net, address }) => !isMapped(net, width) && !isMapped(address, width));

const inList = ({ width, net, prefix, address }: { width: Width; net: bigint; prefix: number; address: bigint }): boolean => {
  const list = new BlockList();
  list.addSubnet(written(net, width), prefix, familyOf(width));
  return list.check(written(address, width), familyOf(width));
};

describe('addresses', () => {
  const symbols = fc.string({ unit: fc.constantFrom(...'0123456789abcdefABCDEF:::....%/x[] '), maxLength: 40 });

  test('are read exactly when Node reads them, without zones', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV4Extended(), fc.ipV6(), symbols, fc.string()), (text) => {
        expect([text, readAddress(text) !== null]).toEqual([text, isIP(text) !== 0 && !text.includes('%')]);
      }),
      { numRuns: 5_000 },
    );
  });

  test.each(['010.0.0.1', '0x7f.1', '127.1', '2130706433', '1.2.3.4:80', '[::1]', 'fe80::1%eth0', '1:2:3:4:5:6:7:8:', '00001::', 'localhost', ''])(
    '%j is none',
    (text) => {
      expect(readAddress(text)).toBeNull();
    },
  );

  test('have one form, whatever way they are written', () => {
    fc.assert(
      fc.property(anyAddress, ({ text }) => {
        const one = readAddress(text) ?? '';
        expect(readAddress(one)).toBe(one);
        expect(readAddress(text.toUpperCase())).toBe(one);
        expect(readAddress(text.replaceAll(/(^|:)0+(?=[\da-f])/g, '$1'))).toBe(one);
      }),
    );
  });

  test.each([
    ['2001:0DB8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
    ['0:0:0:0:0:0:0:0', '::'],
  ])('%s is %s (RFC 5952)', (text, form) => {
    expect(readAddress(text)).toBe(form);
  });

  test('that are mapped into IPv6 are the IPv4 address', () => {
    fc.assert(
      fc.property(bitsOf(32), (bits) => {
        const text = written(bits, 32);
        for (const mapped of [`::ffff:${text}`, `0:0:0:0:0:FFFF:${text}`, written((0xffffn << 32n) | bits, 128)])
          expect(readAddress(mapped)).toBe(text);
        // Other addresses that hold an IPv4 address are none.
        expect(readAddress(`64:ff9b::${text}`)).not.toBe(text);
      }),
    );
  });
});

describe('networks', () => {
  test('hold the addresses that Node says they hold', () => {
    fc.assert(
      fc.property(asked, (one) => {
        const network = readNetwork(`${written(one.net, one.width)}/${one.prefix}`);
        expect(network).not.toBeNull();
        expect(isIn([network ?? ''], written(one.address, one.width))).toBe(inList(one));
      }),
      { numRuns: 5_000 },
    );
  });

  test('of IPv4 hold mapped addresses, and mapped networks hold IPv4 addresses', () => {
    const four = asked.filter(({ width }) => width === 32);
    fc.assert(
      fc.property(four, (one) => {
        const [net, address] = [written(one.net, 32), written(one.address, 32)];
        const mapped = readNetwork(`::ffff:${net}/${96 + one.prefix}`);
        expect(mapped).toBe(readNetwork(`${net}/${one.prefix}`));
        for (const text of [address, `::ffff:${address}`, written((0xffffn << 32n) | one.address, 128)])
          expect(isIn([mapped ?? ''], text)).toBe(inList(one));
      }),
      { numRuns: 2_000 },
    );
  });

  test('of one family hold no address of the other', () => {
    fc.assert(
      fc.property(asked, fc.ipV4(), (one, four) => {
        const network = readNetwork(`${written(one.net, one.width)}/${one.prefix}`) ?? '';
        if (one.width === 128) expect(isIn([network], four)).toBe(false);
        else expect(isIn([network], `64:ff9b::${four}`)).toBe(false);
      }),
    );
    expect(isIn(['8000::/1', '::/1'], '203.0.113.7')).toBe(false);
  });

  test('of which one holds the address are enough; none hold nothing, and nothing holds what is no address', () => {
    expect(isIn(['198.51.100.0/24', '203.0.113.0/24'], '203.0.113.7')).toBe(true);
    expect(isIn([], '203.0.113.7')).toBe(false);
    expect(isIn(['128.0.0.0/1', '0.0.0.0/1'], 'unknown')).toBe(false);
    expect(isIn(['no network', '203.0.113.0/24x'], '203.0.113.7')).toBe(false);
  });

  test.each([
    ['203.0.113.7', '203.0.113.7/32'],
    ['2001:DB8::/32', '2001:db8::/32'],
    ['2001:db8::1', '2001:db8::1/128'],
    ['::ffff:203.0.113.0/120', '203.0.113.0/24'],
  ])('%s is %s', (text, form) => {
    expect([readNetwork(text), networkMessage(text)]).toEqual([form, null]);
    expect(readNetwork(form)).toBe(form);
  });

  test.each([
    ['203.0.113.7/24', /bits after the prefix/],
    ['2001:db8::1/32', /bits after the prefix/],
    ['::ffff:0:0/90', /./],
    ['0.0.0.0/0', /every address/],
    ['::/0', /every address/],
    ['::ffff:0:0/96', /every address/],
    ['203.0.113.0/33', /such as/],
    ['203.0.113.0/024', /such as/],
    ['203.0.113.0/', /such as/],
    ['203.0.113.0/255.255.255.0', /such as/],
    ['office.example', /such as/],
    ['', /such as/],
  ])('%j is none', (text, says) => {
    expect([readNetwork(text), networkMessage(text)]).toEqual([null, expect.stringMatching(says)]);
  });
});

test('an address is shown as the network around it, its /24 or /48, and never whole', () => {
  fc.assert(
    fc.property(anyAddress, ({ text, width }) => {
      const near = nearbyNetwork(text) ?? '';
      expect(near.endsWith(width === 32 ? '/24' : '/48')).toBe(true);
      expect([readNetwork(near), isIn([near], text)]).toEqual([near, true]);
    }),
  );
  expect(nearbyNetwork('::ffff:203.0.113.7')).toBe('203.0.113.0/24');
  expect(nearbyNetwork('2001:db8:1:2::3')).toBe('2001:db8:1::/48');
  expect(nearbyNetwork('unknown')).toBeNull();
});
