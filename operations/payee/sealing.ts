import type { DoneBy } from '../../domain/actors.js';
import { commitmentTo } from '../../domain/batch/content.js';
import { canonicalAccount, canonicalPayee, canonicalSentTo, maskDestination, type SentTo } from '../../domain/destination.js';
import { canonicalBytes, type Json, sameBytes, toHex } from '../../domain/hashing.js';
import type { Context } from '../context.js';
import type { SealedPlace, Stores } from '../ports.js';
import type { ChunkItem } from '../stores/chunks.js';
import type { DestinationRow, NewDestination } from '../stores/payees.js';

const SALT_BYTES = 16;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The place that a sealed name is bound to. The name is UTF-8, under the payee's own key. */
export const namePlace = (tenantId: string, payeeId: string): SealedPlace => ({ tenantId, purpose: 'payee', record: payeeId, field: 'name' });

/** The place that a sealed destination is bound to: canonical JSON `{"salt": hex, "sent_to": SentTo}`, under the payee's own key. */
export const destinationPlace = (tenantId: string, destinationId: string): SealedPlace => ({
  tenantId,
  purpose: 'payee',
  record: destinationId,
  field: 'destination',
});

export const sealName = (ctx: Context, key: Uint8Array, payeeId: string, name: string): Uint8Array =>
  ctx.services.vault.sealWith(key, namePlace(ctx.tenantId, payeeId), encoder.encode(name));

export const openName = (ctx: Context, key: Uint8Array, payeeId: string, sealed: Uint8Array): string =>
  decoder.decode(ctx.services.vault.openWith(key, namePlace(ctx.tenantId, payeeId), sealed));

/** A new immutable destination version, not stored yet: sealed, masked, and with a commitment under a salt of its own. */
export const newDestination = (
  ctx: Context,
  of: { key: Uint8Array; payeeId: string; version: number; createdBy: DoneBy },
  { sentTo, fingerprint }: { sentTo: SentTo; fingerprint: Uint8Array },
): NewDestination => {
  const { entropy, sha256, vault } = ctx.services;
  const id = entropy.newId();
  const salt = entropy.bytes(SALT_BYTES);
  const plain = canonicalBytes({ salt: toHex(salt), sent_to: sentTo as unknown as Json });
  return {
    id,
    payeeId: of.payeeId,
    version: of.version,
    kind: sentTo.destination.kind,
    sealed: vault.sealWith(of.key, destinationPlace(ctx.tenantId, id), plain),
    fingerprint,
    masked: maskDestination(sentTo.destination),
    commitment: commitmentTo(sha256, salt, canonicalSentTo(sentTo)),
    createdBy: of.createdBy.personId,
    createdByKey: of.createdBy.apiKeyId,
  };
};

/** What a sealed destination holds. */
export interface OpenedDestination {
  /** 128 bits; opens the commitment. */
  salt: Uint8Array;
  /** Name and destination as they are sent. */
  sentTo: SentTo;
}

/** Opens a destination version with the payee's key. Throws when the ciphertext was changed or belongs to another place. */
export const openDestination = (ctx: Context, key: Uint8Array, { id, sealed }: Pick<DestinationRow, 'id' | 'sealed'>): OpenedDestination => {
  const plain = decoder.decode(ctx.services.vault.openWith(key, destinationPlace(ctx.tenantId, id), sealed));
  const { salt, sent_to } = JSON.parse(plain) as { salt: string; sent_to: SentTo };
  return { salt: Buffer.from(salt, 'hex'), sentTo: sent_to };
};

/**
 * Opens the destinations of items; the answer is by ordinal. An item whose payee was deleted is left out. A ciphertext that was
 * changed answers null: the content then differs from what the gates signed, as it does when an amount was changed (R3).
 */
export const openDestinations = async (
  ctx: Context,
  stores: Stores,
  items: readonly Pick<ChunkItem, 'ordinal' | 'payeeId' | 'destinationId' | 'sealed' | 'subjectKey'>[],
): Promise<Map<number, OpenedDestination | null>> => {
  const stored = new Map(items.flatMap((item) => (item.subjectKey ? [[item.payeeId, item.subjectKey] as const] : [])));
  const keys = await ctx.services.vault.subjectKeys(stores.keys, ctx.tenantId, stored);
  const opened = new Map<number, OpenedDestination | null>();
  for (const item of items) {
    const key = keys.get(item.payeeId);
    if (key) opened.set(item.ordinal, openUnchanged(ctx, key, { id: item.destinationId, sealed: item.sealed }));
  }
  return opened;
};

const openUnchanged = (ctx: Context, key: Uint8Array, destination: Pick<DestinationRow, 'id' | 'sealed'>): OpenedDestination | null => {
  try {
    return openDestination(ctx, key, destination);
  } catch {
    return null;
  }
};

/** A fingerprint has three parts of this length: of the account, of the whole version, and of the payee's details. */
const PART_BYTES = 16;

/**
 * Fingerprints of one workspace: 48 bytes, parts of HMACs under its key, equal for equal values. The first part is of the account alone,
 * the second of name, type, country and destination, the third of name, type and country: so versions, accounts and who is paid are told
 * apart without a key (db/facts.ts). No gate signs them (R10).
 */
export interface Fingerprints {
  /** The part that tells versions apart, which is enough to find the same one. */
  versionOf(sentTo: SentTo): Uint8Array;
  whole(sentTo: SentTo, version?: Uint8Array): Uint8Array;
}

/** The fingerprints of this workspace. */
export const fingerprints = async (ctx: Context, stores: Stores): Promise<Fingerprints> => {
  const mac = await ctx.services.vault.macs(stores.keys, ctx.tenantId, 'fingerprint');
  const part = (of: Json): Uint8Array => mac(canonicalBytes(of)).subarray(0, PART_BYTES);
  const versionOf = (sentTo: SentTo): Uint8Array => part(canonicalSentTo(sentTo));
  return {
    versionOf,
    whole: (sentTo, version = versionOf(sentTo)) =>
      Buffer.concat([part(canonicalAccount(sentTo.destination)), version, part(canonicalPayee(sentTo))]),
  };
};

/** Whether a fingerprint is of the version that has this part. */
export const isOfVersion = (fingerprint: Uint8Array, version: Uint8Array): boolean =>
  sameBytes(fingerprint.subarray(PART_BYTES, 2 * PART_BYTES), version);
