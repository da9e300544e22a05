import { setTimeout as pause } from 'node:timers/promises';
import { EXIT, Failure } from '../../cli/failure.js';
import { facts, table } from '../../cli/render/table.js';
import { placesIn } from '../data-folder/places.js';
import { type Message, newestMessages, readMessage } from '../mail-server/mailbox.js';

/** How many letters `sluice dev mail` lists. */
const LISTED = 50;

/** The newest letters of a data folder, the newest first. The stack need not run. */
export const newestOf = (dataDir: string): Promise<Message[]> => newestMessages(placesIn(dataDir).mail, LISTED);

/** One letter, by its number in the list. Fails when there is none of that number. */
export const messageOf = async (dataDir: string, number: string): Promise<Message> => {
  const message = /^[1-9]\d{0,8}$/.test(number) ? await readMessage(placesIn(dataDir).mail, Number(number)) : null;
  if (!message) throw new Failure(EXIT.failed, `There is no letter ${number}.`, 'sluice dev mail');
  return message;
};

/** A link with a token, as letters have it on a line of its own. */
const LINK = /^\s*(https?:\/\/\S+#token=\S+)\s*$/m;
/** The relay looks for letters each second. */
const PATIENCE_MS = 10_000;
const PAUSE_MS = 250;

/** The link of the newest letter to an address that has one. It waits for a letter that is on its way; a link that was used is still the newest. */
export const linkTo = async (dataDir: string, email: string): Promise<{ link: string; number: number; subject: string }> => {
  for (const until = Date.now() + PATIENCE_MS; ; await pause(PAUSE_MS)) {
    for (const { number, subject, text, delivered_to } of await newestOf(dataDir)) {
      const [, link] = delivered_to.toLowerCase().includes(email.toLowerCase()) ? (LINK.exec(text.replaceAll('\r\n', '\n')) ?? []) : [];
      if (link) return { link, number, subject };
    }
    if (Date.now() > until) throw new Failure(EXIT.failed, `There is no letter with a link to ${email}.`, 'sluice dev mail');
  }
};

export const newestTable = (messages: readonly Message[]): string =>
  table(
    ['NO.', 'RECEIVED', 'TO', 'SUBJECT'],
    messages.map(({ number, received_at, to, subject }) => [number, received_at, to, subject]),
  );

export const messageLines = ({ text, number, ...head }: Message): string[] => [
  facts([
    ['number', number],
    ['received', head.received_at],
    ['from', head.from],
    ['to', head.to],
    ['delivered to', head.delivered_to],
    ['message id', head.message_id],
    ['subject', head.subject],
  ]),
  '',
  text.replaceAll('\r\n', '\n').trimEnd(),
];
