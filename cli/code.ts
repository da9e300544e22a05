import { bareRecoveryCode } from '../domain/second-factor.js';
import type { Cli } from './cli.js';
import { EXIT, Failure } from './failure.js';
import { ask } from './prompt.js';

/** So often a person may type what cannot be a code. Nothing of it is sent, so no try is counted at the server. */
const TYPED_MAX = 5;
export const NO_CODE = 'A code is six digits.';

/** Asks for a code of the person's authenticator, and asks again for what cannot be one. `to` says what for, such as `, to approve`. */
export const askCode = (cli: Cli, to = ''): Promise<string> => askFor(cli, `Code of your authenticator${to}`, codeIn, NO_CODE);

/** Asks until what is typed can be read. `said` is what is said of anything else. */
const askFor = async <Read>(cli: Cli, question: string, read: (line: string) => Read | null, said: string): Promise<Read> => {
  for (let typed = 1; ; typed++) {
    const answer = read(await ask(cli.terminal, question, 'open'));
    if (answer !== null) return answer;
    if (typed === TYPED_MAX || !cli.terminal.canAsk) throw new Failure(EXIT.usage, said);
    cli.note(said);
  }
};

export const NO_ANY_CODE = 'A code is six digits; a recovery code has 20 letters and digits.';

/** Asks for a code or a recovery code; an empty answer is null. `of` says which, such as ` of your authenticator`. */
export const askOptionalCode = async (cli: Cli, of: string): Promise<string | null> => {
  const answer = await askFor(cli, `Code${of}`, (line) => (line === '' ? '' : anyCodeIn(line)), NO_ANY_CODE);
  return answer === '' ? null : answer;
};

/** The same where there has to be one. */
export const askAnyCode = (cli: Cli, of: string): Promise<string> => askFor(cli, `Code${of}`, anyCodeIn, NO_ANY_CODE);

export const anyCodeIn = (line: string): string | null => codeIn(line) ?? (bareRecoveryCode(line) === null ? null : line);

/** Without its blanks, with which authenticators show it; null for what cannot be a code. */
export const codeIn = (line: string): string | null => {
  const code = line.replace(/\s/g, '');
  return /^\d{6}$/.test(code) ? code : null;
};
