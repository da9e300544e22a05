import { type Client, createClient } from '../client/client.js';
import { tokenIn } from '../domain/email-link.js';
import type { Cli } from './cli.js';
import { addressOf } from './identity/connect.js';
import { ask } from './prompt.js';

/** Asks for the link of a letter, or its token alone. It is never a flag, because the shell's history and the list of processes would show it. */
export const askLink = async (cli: Cli): Promise<string> => tokenIn(await ask(cli.terminal, 'Link of the letter', 'secret'));

/** A client that nobody is signed in with, for what a link alone allows. */
export const publicClient = (cli: Cli): Client =>
  createClient({ baseUrl: addressOf(cli.env, cli.options()).url, token: null, watch: cli.writes.watch });
