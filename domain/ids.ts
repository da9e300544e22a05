/**
 * Ids are UUIDv7 (RFC 9562) in the database and type-prefixed on the wire: `batch_0198c2…` (32 hex digits).
 * Because of the prefix, an id of the wrong kind is a clear error and not an empty answer.
 */
export const ID_PREFIXES = {
  workspace: 'ws',
  person: 'person',
  invitation: 'invitation',
  session: 'session',
  factor: 'factor',
  factorReset: 'reset',
  passkeyRequest: 'pkreq',
  apiKey: 'key',
  signingKey: 'sigkey',
  payee: 'payee',
  destination: 'dest',
  batch: 'batch',
  challenge: 'challenge',
  account: 'acct',
  transfer: 'transfer',
  event: 'event',
  connection: 'conn',
  exception: 'exc',
  comment: 'comment',
  proposal: 'proposal',
  parkedEvidence: 'parked',
  delivery: 'delivery',
  organization: 'org',
  operator: 'op',
  operatorKey: 'opkey',
  freeze: 'freeze',
  stop: 'stop',
} as const;

export type IdKind = keyof typeof ID_PREFIXES;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** `('batch', '0198c2aa-…')` → `batch_0198c2aa…` */
export const toWireId = (kind: IdKind, uuid: string): string => `${ID_PREFIXES[kind]}_${uuid.replaceAll('-', '')}`;

const uuidOf = (hex: string): string => `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;

/** The UUID inside a wire id, or null when the text is no id of that kind. */
export const fromWireId = (kind: IdKind, wire: string): string | null => {
  const prefix = `${ID_PREFIXES[kind]}_`;
  if (!wire.startsWith(prefix)) return null;
  const uuid = uuidOf(wire.slice(prefix.length));
  return UUID.test(uuid) ? uuid : null;
};

/** An ordinal has 31 bits, like an integer of the database. */
const ITEM = /^item_([0-9a-f]{32})([0-7][0-9a-f]{7})$/;

/**
 * An item's id is its batch's id followed by its ordinal (8 hex digits). It finds the row by the primary key, and it is also the
 * idempotency key at the rail, so evidence that names the key names the row (ADR 0001).
 */
export const toItemId = (batchId: string, ordinal: number): string => `item_${batchId.replaceAll('-', '')}${ordinal.toString(16).padStart(8, '0')}`;

/** Batch and ordinal inside an item id, or null when the text is no item id. */
export const fromItemId = (wire: string): { batchId: string; ordinal: number } | null => {
  if (!ITEM.test(wire)) return null;
  const batchId = uuidOf(wire.slice(5, 37));
  return { batchId, ordinal: Number.parseInt(wire.slice(37), 16) };
};
