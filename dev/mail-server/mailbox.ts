import { closeSync, existsSync, fsyncSync, openSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import PostalMime, { type Address } from 'postal-mime';

/** A message of the mailbox, as people read it. */
export interface Message {
  /** Its place in the order of arrival, from 1. It never changes. */
  number: number;
  received_at: string;
  /** Whom the server was told to deliver to. */
  delivered_to: string;
  from: string;
  to: string;
  subject: string;
  message_id: string;
  text: string;
}

const FILE = /^(\d{6,})\.eml$/;
const fileOf = (folder: string, number: number): string => join(folder, `${String(number).padStart(6, '0')}.eml`);

/** Numbers of all messages, the newest first. */
const numbersIn = (folder: string): number[] =>
  (existsSync(folder) ? readdirSync(folder) : [])
    .flatMap((name) => FILE.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((one, other) => other - one);

/** Stores a message with its envelope (RFC 5321, section 4.4), for its owner alone, and returns its number. It is on the disk when this returns. */
export const storeMessage = (folder: string, envelope: { from: string; to: readonly string[] }, raw: Uint8Array): number => {
  const number = (numbersIn(folder)[0] ?? 0) + 1;
  const trace = [`Return-Path: <${envelope.from}>`, ...envelope.to.map((address) => `Delivered-To: ${address}`), ''].join('\r\n');
  const draft = join(folder, `draft-${process.pid}`);
  const file = openSync(draft, 'w', 0o600);
  try {
    writeFileSync(file, Buffer.concat([Buffer.from(trace), raw]));
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(draft, fileOf(folder, number));
  return number;
};

/** The newest messages, the newest first. */
export const newestMessages = async (folder: string, most: number): Promise<Message[]> => {
  const read = await Promise.all(
    numbersIn(folder)
      .slice(0, most)
      .map((number) => readMessage(folder, number)),
  );
  return read.filter((message) => message !== null);
};

/** One message; null when there is none of that number. */
export const readMessage = async (folder: string, number: number): Promise<Message | null> => {
  const path = fileOf(folder, number);
  if (!existsSync(path)) return null;
  const { deliveredTo, from, to, subject, messageId, text } = await PostalMime.parse(readFileSync(path));
  return {
    number,
    received_at: statSync(path).mtime.toISOString(),
    delivered_to: deliveredTo ?? '',
    from: wordsOf(from ? [from] : []),
    to: wordsOf(to ?? []),
    subject: subject ?? '',
    message_id: messageId ?? '',
    text: text ?? '',
  };
};

const wordsOf = (addresses: readonly Address[]): string =>
  addresses.map(({ name, address }) => (name ? `${name} <${address ?? ''}>` : (address ?? ''))).join(', ');
