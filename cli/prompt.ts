import { isCancel, password, text } from '@clack/prompts';
import { EXIT, Failure } from './failure.js';
import type { Terminal } from './terminal.js';

/**
 * Asks the person at the terminal, or reads one line of standard input where there is no terminal. Secrets are never flags,
 * because the shell's history and the list of processes would show them.
 */
export const ask = async (terminal: Terminal, question: string, kind: 'open' | 'secret'): Promise<string> => {
  if (!terminal.canAsk) {
    const line = await terminal.readLine();
    if (line === null) throw new Failure(EXIT.usage, `${question}: there is no terminal to ask on, and standard input has no line for it.`);
    return asGiven(line, kind);
  }
  const prompt = kind === 'secret' ? password : text;
  const answer = await prompt({ message: question, output: process.stderr });
  if (isCancel(answer)) throw new Failure(EXIT.interrupted, 'Broken off; nothing was done.');
  return asGiven(String(answer), kind);
};

/** Blanks may be part of a password. */
const asGiven = (typed: string, kind: 'open' | 'secret'): string => (kind === 'secret' ? typed : typed.trim());
