import type { Cli } from './cli.js';
import { EXIT, Failure } from './failure.js';
import { ask } from './prompt.js';

/** So often a person may type what cannot be a code. Nothing of it is sent, so no try is counted at the server. */
const TYPED_MAX = 5;
export const NO_CODE = 'A code is six digits.';

/** Asks for a code of the person's authenticator, and asks again for what cannot be one. `to` says what for, such as `, to approve`. */
export const askCode = async (cli: Cli, to = ''): Promise<string> => {
  for (let typed = 1; ; typed++) {
    const code = codeIn(await ask(cli.terminal, `Code of your authenticator${to}`, 'open'));
    if (code !== null) return code;
    if (typed === TYPED_MAX || !cli.terminal.canAsk) throw new Failure(EXIT.usage, NO_CODE);
    cli.note(NO_CODE);
  }
};

/** Without its blanks, with which authenticators show it; null for what cannot be a code. */
export const codeIn = (line: string): string | null => {
  const code = line.replace(/\s/g, '');
  return /^\d{6}$/.test(code) ? code : null;
};
