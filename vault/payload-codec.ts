import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { Payload, PayloadCodec, SerializationContext } from '@temporalio/common';
import type { KeyFile, SecretKey } from './key-file.js';

/**
 * Encrypts what Temporal stores: AES-256-GCM over data and metadata of a payload. Associated data is the namespace, the id of the
 * workflow that owns the payload and the id of the key, so that nobody can move a payload into another workflow.
 *
 * The workflow id also stands beside the ciphertext in clear, because the Web UI does not pass it to the decoder. The SDK does
 * pass it, and then the two must be equal.
 *
 * Data: 12 bytes nonce ‖ ciphertext ‖ 16 bytes tag. Plain: 4 bytes length of the metadata ‖ metadata ‖ data.
 */
const ENCODING = 'binary/sluice-encrypted-v1';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const CIPHER = 'aes-256-gcm';

/** A codec for one namespace. Decoding throws on a payload that is not encrypted, was changed or moved, or has another key. */
export const openPayloadCodec = ({ codec }: Pick<KeyFile, 'codec'>, namespace: string): PayloadCodec => ({
  encode: async (payloads, context) => payloads.map((payload) => encrypt(codec, namespace, ownerOf(context), payload)),
  decode: async (payloads, context) => payloads.map((payload) => decrypt(codec, namespace, context, payload)),
});

const encrypt = (codec: SecretKey, namespace: string, owner: string, payload: Payload): Payload => {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, codec.key, nonce);
  cipher.setAAD(associatedData(codec.id, namespace, owner));
  const data = Buffer.concat([nonce, cipher.update(pack(payload)), cipher.final(), cipher.getAuthTag()]);
  return { metadata: { encoding: Buffer.from(ENCODING), 'key-id': Buffer.from(codec.id), owner: Buffer.from(owner) }, data };
};

const decrypt = (codec: SecretKey, namespace: string, context: SerializationContext | undefined, payload: Payload): Payload => {
  const metadata = (name: string): string => Buffer.from(payload.metadata?.[name] ?? []).toString();
  if (metadata('encoding') !== ENCODING) throw new Error('a payload is not encrypted: it was not written by Sluice, and is refused');
  if (metadata('key-id') !== codec.id)
    throw new Error(`a payload is encrypted under codec key ${metadata('key-id')}, but the key file holds ${codec.id}`);
  const owner = metadata('owner');
  if (context && owner !== ownerOf(context)) throw new Error(`a payload of workflow ${owner || 'unknown'} was found in workflow ${ownerOf(context)}`);
  const data = Buffer.from(payload.data ?? []);
  if (data.length < NONCE_BYTES + TAG_BYTES) throw new Error('an encrypted payload was cut off');
  const decipher = createDecipheriv(CIPHER, codec.key, data.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
  decipher.setAAD(associatedData(codec.id, namespace, owner));
  decipher.setAuthTag(data.subarray(-TAG_BYTES));
  const plain = decipher.update(data.subarray(NONCE_BYTES, -TAG_BYTES));
  try {
    decipher.final();
  } catch {
    throw new Error('an encrypted payload was changed, or belongs to another namespace or workflow');
  }
  return unpack(plain);
};

/** A payload of an activity belongs to the workflow that scheduled it. */
const ownerOf = (context: SerializationContext | undefined): string => context?.workflowId ?? '';

const associatedData = (keyId: string, namespace: string, owner: string): Buffer =>
  Buffer.from(JSON.stringify(['sluice-payload-v1', keyId, namespace, owner]));

const pack = (payload: Payload): Buffer => {
  const entries = Object.entries(payload.metadata ?? {}).map(([name, value]) => [name, Buffer.from(value ?? []).toString('base64')]);
  const metadata = Buffer.from(JSON.stringify(entries));
  const length = Buffer.allocUnsafe(4);
  length.writeUInt32BE(metadata.length);
  return Buffer.concat([length, metadata, payload.data ?? new Uint8Array()]);
};

const unpack = (plain: Buffer): Payload => {
  const end = 4 + plain.readUInt32BE(0);
  const entries = JSON.parse(plain.toString('utf8', 4, end)) as [string, string][];
  const metadata = Object.fromEntries(entries.map(([name, value]) => [name, new Uint8Array(Buffer.from(value, 'base64'))]));
  return { metadata, data: new Uint8Array(plain.subarray(end)) };
};
