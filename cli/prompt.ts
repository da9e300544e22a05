import { isCancel, password, text } from '@clack/prompts';
import { EXIT, Failure } from './failure.js';
import type { Terminal } from './terminal.js';

/**
 * Asks for something, or reads it as one line of standard input where nobody can be asked. Secrets come in no other way:
 * a flag would stand in the shell's history and in the list of processes.
 */
export const ask = async (terminal: Terminal, question: string, kind: 'open' | 'secret'): Promise<string> => {
  if (!terminal.canAsk) {
    const line = await terminal.readLine();
    if (line === null) throw new Failure(EXIT.usage, `${question}: nobody can be asked, and standard input holds no line for it.`);
    return line.trim();
  }
  const prompt = kind === 'secret' ? password : text;
  const answer = await prompt({ message: question, output: process.stderr });
  if (isCancel(answer)) throw new Failure(EXIT.failed, 'Given up; nothing was done.');
  return String(answer).trim();
};
