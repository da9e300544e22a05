import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { batchDigest, commitmentTo, type DigestHeader, type DigestItem, itemLeaf, settingsHash, tombstoneLeaf } from '../../domain/batch/content.js';
import { canonicalBytes, type Json, leafHash, type Sha256, toHex } from '../../domain/hashing.js';
import { toItemId } from '../../domain/ids.js';
import { merkleRoot } from '../../domain/merkle.js';

const sha256: Sha256 = (...parts) => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};
const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 });
const amount = fc.bigInt({ min: 1n, max: 9_007_199_254_740_991n });
const instant = fc.option(
  fc.date({ noInvalidDate: true, min: new Date('2020-01-01'), max: new Date('2100-01-01') }).map((date) => date.toISOString()),
);

const header: fc.Arbitrary<DigestHeader> = fc.record({
  tenantId: fc.uuid(),
  mode: fc.constantFrom('live', 'test'),
  batchId: fc.uuid(),
  contentVersion: fc.integer({ min: 1 }),
  rail: fc.string(),
  connectionId: fc.uuid(),
  connectionVersion: fc.option(fc.integer({ min: 1 })),
  connectionSettings: fc.option(fc.uint8Array({ minLength: 32, maxLength: 32 }).map(toHex)),
  fundingAccountId: fc.uuid(),
  currency: fc.constantFrom('EUR', 'USD', 'JPY'),
  total: amount,
  count: fc.nat(),
  feeBearer: fc.constant('sender'),
  feeMaximum: amount,
  executeNotBefore: instant,
  executeBy: instant,
});

const item: fc.Arbitrary<DigestItem> = fc.record({
  ordinal: fc.nat(),
  itemId: fc.uuid().map((id) => toItemId(id, 0)),
  reference: fc.string(),
  amount,
  currency: fc.constantFrom('EUR', 'USD', 'JPY'),
  payeeId: fc.uuid(),
  destinationId: fc.uuid(),
  remittance: fc.string(),
  commitment: bytes32,
});

/** `base` with one member of `other`, and whether that changes anything. */
const swapOne = <T extends object>(base: T, other: T, name: keyof T): { changed: T; differs: boolean } => {
  const text = (value: unknown) => (value instanceof Uint8Array ? toHex(value) : String(value));
  return { changed: { ...base, [name]: other[name] }, differs: text(base[name]) !== text(other[name]) };
};

describe('what the gates sign', () => {
  test('any change of any member of the header changes the digest', () => {
    fc.assert(
      fc.property(header, header, bytes32, (one, other, root) => {
        for (const name of Object.keys(one) as (keyof DigestHeader)[]) {
          const { changed, differs } = swapOne(one, other, name);
          expect(toHex(batchDigest(sha256, changed, root)) !== toHex(batchDigest(sha256, one, root))).toBe(differs);
        }
      }),
    );
  });

  test('another root is another digest', () => {
    fc.assert(
      fc.property(header, bytes32, bytes32, (one, a, b) => {
        expect(toHex(batchDigest(sha256, one, a)) === toHex(batchDigest(sha256, one, b))).toBe(toHex(a) === toHex(b));
      }),
    );
  });

  test('any change of any member of an item changes its leaf', () => {
    fc.assert(
      fc.property(item, item, (one, other) => {
        for (const name of Object.keys(one) as (keyof DigestItem)[]) {
          const { changed, differs } = swapOne(one, other, name);
          expect(toHex(itemLeaf(sha256, changed)) !== toHex(itemLeaf(sha256, one))).toBe(differs);
        }
      }),
    );
  });

  test('text cannot slide from one member into its neighbour', () => {
    fc.assert(
      fc.property(item, fc.string({ minLength: 1 }), fc.string({ minLength: 1 }), (one, a, b) => {
        const together = itemLeaf(sha256, { ...one, reference: a + b, remittance: '' });
        const apart = itemLeaf(sha256, { ...one, reference: a, remittance: b });
        expect(toHex(together)).not.toBe(toHex(apart));
      }),
    );
  });

  test('an excluded item has another leaf than the item had, and one of its own place', () => {
    fc.assert(
      fc.property(item, fc.nat(), (one, ordinal) => {
        const stone = toHex(tombstoneLeaf(sha256, one.ordinal, one.itemId));
        expect(stone).not.toBe(toHex(itemLeaf(sha256, one)));
        expect(toHex(tombstoneLeaf(sha256, ordinal, one.itemId)) === stone).toBe(ordinal === one.ordinal);
      }),
    );
  });

  test('the order in which members were written or items were stored does not matter, their ordinals do', () => {
    fc.assert(
      fc.property(fc.array(item, { minLength: 2, maxLength: 9 }), fc.infiniteStream(fc.nat()), (items, random) => {
        const dense = items.map((one, ordinal) => ({ ...one, ordinal }));
        const root = (list: DigestItem[]) =>
          toHex(
            merkleRoot(
              sha256,
              list.map((one) => itemLeaf(sha256, one)),
            ),
          );
        const shuffled = dense
          .map((one) => ({ one, at: random.next().value ?? 0 }))
          .sort((a, b) => a.at - b.at)
          .map(({ one }) => Object.fromEntries(Object.entries(one).reverse()) as unknown as DigestItem);
        const stored = [...shuffled].sort((a, b) => a.ordinal - b.ordinal);
        expect(root(stored)).toBe(root(dense));
        const [first, second, ...rest] = dense as [DigestItem, DigestItem, ...DigestItem[]];
        expect(root([second, first, ...rest])).not.toBe(root(dense));
      }),
    );
  });

  test('a commitment depends on salt and destination, and shows neither', () => {
    const salt = fc.uint8Array({ minLength: 16, maxLength: 16 });
    const destination = fc.dictionary(fc.string(), fc.string());
    fc.assert(
      fc.property(salt, salt, destination, destination, (a, b, x, y) => {
        const same = toHex(a) === toHex(b) && toHex(canonicalBytes(x)) === toHex(canonicalBytes(y));
        expect(toHex(commitmentTo(sha256, a, x)) === toHex(commitmentTo(sha256, b, y))).toBe(same);
        expect(commitmentTo(sha256, a, x)).toHaveLength(32);
      }),
    );
  });

  test('the format is what verifiers outside were given: one fixed vector', () => {
    const leaf = itemLeaf(sha256, {
      ordinal: 7,
      itemId: 'item_0198c2aa7c1e7b3d9f10a4c2e6b80d1100000007',
      reference: 'INV 7',
      amount: 9_007_199_254_740_991n,
      currency: 'EUR',
      payeeId: '0198c2aa-0000-7000-8000-000000000001',
      destinationId: '0198c2aa-0000-7000-8000-000000000002',
      remittance: 'März',
      commitment: new Uint8Array(32).fill(0xab),
    });
    const written =
      '["sluice-item-v1",7,"item_0198c2aa7c1e7b3d9f10a4c2e6b80d1100000007","INV 7","9007199254740991","EUR",' +
      `"0198c2aa-0000-7000-8000-000000000001","0198c2aa-0000-7000-8000-000000000002","März","${'ab'.repeat(32)}"]`;
    expect(toHex(leaf)).toBe(toHex(leafHash(sha256, new TextEncoder().encode(written))));
  });
});

describe('a digest of each released version of the format, written out by hand', () => {
  const root = new Uint8Array(32).fill(0xcd);
  const ids = ['1', '2', '3', '4'].map((end) => `0198c2aa-0000-7000-8000-00000000000${end}`) as [string, string, string, string];
  const signed: DigestHeader = {
    ...{ tenantId: ids[0], mode: 'live', batchId: ids[1], contentVersion: 2, rail: 'sandbox', connectionId: ids[2], fundingAccountId: ids[3] },
    ...{ currency: 'EUR', total: 123n, count: 7, feeBearer: 'sender', feeMaximum: 0n, executeNotBefore: null, executeBy: null },
    ...{ connectionVersion: null, connectionSettings: null },
  };
  const rest = '"execute_by":null,"execute_not_before":null,"fee_bearer":"sender","fee_maximum":"0",';
  const end = `"funding_account_id":"${ids[3]}","mode":"live","rail":"sandbox","tenant_id":"${ids[0]}","total":"123"}`;

  test('version 1, which binds no settings of the connection', () => {
    const written = `{"batch_id":"${ids[1]}","connection_id":"${ids[2]}","content_version":2,"count":7,"currency":"EUR","domain":"sluice-batch-v1",${rest}${end}`;
    expect(toHex(batchDigest(sha256, signed, root))).toBe(toHex(sha256(new TextEncoder().encode(written), root)));
  });

  test('version 2, which binds their version and their hash', () => {
    const settings = sha256(new TextEncoder().encode('{"base_url":"https://pay.example","timeout_ms":3000}'));
    expect(toHex(settingsHash(sha256, { timeout_ms: 3000, base_url: 'https://pay.example' }))).toBe(toHex(settings));
    const written =
      `{"batch_id":"${ids[1]}","connection_id":"${ids[2]}","connection_settings":"${toHex(settings)}","connection_version":3,` +
      `"content_version":2,"count":7,"currency":"EUR","domain":"sluice-batch-v2",${rest}${end}`;
    const header = { ...signed, connectionVersion: 3, connectionSettings: toHex(settings) };
    expect(toHex(batchDigest(sha256, header, root))).toBe(toHex(sha256(new TextEncoder().encode(written), root)));
  });
});

describe('canonical JSON (RFC 8785)', () => {
  const json = fc.jsonValue({ noUnicodeString: false }) as fc.Arbitrary<Json>;

  test('parses back to the same value and is a fixed point', () => {
    fc.assert(
      fc.property(json, (value) => {
        const bytes = canonicalBytes(value);
        const again = JSON.parse(new TextDecoder().decode(bytes)) as Json;
        expect(canonicalBytes(again)).toEqual(bytes);
        expect(again).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  test('the order of members does not matter', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), json), (value) => {
        const reversed = Object.fromEntries(Object.entries(value).reverse());
        expect(canonicalBytes(reversed)).toEqual(canonicalBytes(value));
      }),
    );
  });

  test("the RFC's own example", () => {
    const value = { numbers: [Number('333333333.33333329'), 1e30, 4.5, 2e-3, 0.000000000000000000000000001], literals: [null, true, false] };
    expect(new TextDecoder().decode(canonicalBytes(value))).toBe(
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27]}',
    );
  });

  test('what has no JSON form throws', () => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, undefined]) expect(() => canonicalBytes(value as Json)).toThrow();
  });
});
