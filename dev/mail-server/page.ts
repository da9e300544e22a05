import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { printableLines } from '../../domain/text.js';
import { type Message, newestMessages, readMessage } from './mailbox.js';

/** How many messages the page lists. */
const LISTED = 100;

/** Nothing is loaded, run or sent anywhere, and the address, which holds the key, is given to nobody. */
const HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
};

/**
 * The mailbox as pages for a browser, for development alone: `/KEY/` lists messages, `/KEY/3` shows one. Without the key there is nothing but
 * `/healthz`, because every user of the machine reaches the port.
 */
export const createPageServer = (folder: string, key: string): Server =>
  createServer((request, response) => {
    const send = (status: number, text: string): void => void response.writeHead(status, HEADERS).end(text);
    pageAt(folder, key, request.url?.split('?', 1)[0] ?? '/').then(
      (page) => (page === null ? send(404, 'not found') : send(200, page)),
      (error: unknown) => {
        console.error(error);
        send(500, 'the mailbox cannot be read; see the log of the mail server');
      },
    );
  });

const pageAt = async (folder: string, key: string, path: string): Promise<string | null> => {
  if (path === '/healthz') return 'ok';
  const [, given = '', number = ''] = /^\/([^/]*)\/([1-9]\d{0,8})?$/.exec(path) ?? [];
  if (!timingSafeEqual(digest(given), digest(key))) return null;
  if (number === '') return listOf(await newestMessages(folder, LISTED));
  const message = await readMessage(folder, Number(number));
  return message && pageOf(message);
};

const listOf = (messages: readonly Message[]): string =>
  documentOf(
    'Mailbox',
    messages.length === 0
      ? '<p>No message has arrived yet.</p>'
      : `<table><tr><th>No.</th><th>Received</th><th>To</th><th>Subject</th></tr>${messages
          .map(
            ({ number, received_at, to, subject }) =>
              `<tr><td>${number}</td><td>${safe(received_at)}</td><td>${safe(to)}</td><td><a href="${number}">${safe(subject) || '(none)'}</a></td></tr>`,
          )
          .join('')}</table>`,
  );

const pageOf = ({ number, received_at, from, to, delivered_to, subject, message_id, text }: Message): string => {
  const facts = { Received: received_at, From: from, To: to, 'Delivered to': delivered_to, 'Message-ID': message_id };
  const rows = Object.entries(facts).map(([name, value]) => `<tr><th>${name}</th><td>${safe(value)}</td></tr>`);
  return documentOf(`${number}: ${subject}`, `<table>${rows.join('')}</table><pre>${safe(text)}</pre><p><a href="./">All messages</a></p>`);
};

const documentOf = (title: string, body: string): string =>
  `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${safe(title)}</title></head><body><h1>${safe(title)}</h1>${body}</body></html>`;

/** A text of a stranger, as it may stand in a page: no markup, and what could deceive is shown as an escape. */
const safe = (text: string): string => printableLines(text.replaceAll('\r\n', '\n')).replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
