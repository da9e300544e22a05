import { Argument, type Command } from 'commander';
import { breakable } from '../../cli/break-off.js';
import { json } from '../../cli/render/json.js';
import { printableLines } from '../../domain/text.js';
import { peopleTable } from '../stack/screen.js';
import { freshCode } from './fresh-code.js';
import { KILLABLE, type Killable, killPart } from './kill-part.js';
import { dataDirectory, localStack } from './local-stack.js';
import { linkTo, messageLines, messageOf, newestOf, newestTable } from './mail.js';

/** Adds `sluice dev …`, which exists only beside a local stack. */
export const mountDev = (program: Command): void => {
  const dev = program.command('dev').description('the local demo stack: its people, their codes, letters to them, and killing its processes');
  dev
    .command('people')
    .description('the people of the demo, with passwords and second factors')
    .action(() => {
      const { people } = localStack();
      show(program, people, () => [
        ...peopleTable(people),
        '',
        ...people.map(({ role, totp_secret, otpauth_uri }) => `  ${role.padEnd(10)}  ${totp_secret}  ${otpauth_uri}`),
      ]);
    });
  dev
    .command('code')
    .description('a code of a person that was not used yet; waits for the next one when all valid codes were used')
    .argument('<role>')
    .action(async (role: string) => {
      // The code alone goes to standard output, so that it can be piped to a gate.
      const found = await freshCode(localStack(), role, (seconds) =>
        console.error(`All codes that are valid now were used; waiting ${seconds} s for the next one.`),
      );
      show(program, found, () => [found.code]);
      if (!program.opts<{ json?: boolean }>().json) console.error(`This code opens one gate or signs in once, within the next ${found.seconds} s.`);
    });
  const mail = dev.command('mail').description('letters to people that the local mail server took');
  mail
    .command('list', { isDefault: true })
    .description('the newest letters, the newest first, and the address of the page that shows them')
    .action(async () => {
      const { mail_url } = localStack();
      const messages = await newestOf(dataDirectory());
      show(program, messages, () => [newestTable(messages), '', `In a browser: ${mail_url}`]);
    });
  mail
    .command('show')
    .description('one letter')
    .argument('<number>', 'its number in the list')
    .action(async (number: string) => {
      const message = await messageOf(dataDirectory(), number);
      show(program, message, () => messageLines(message));
    });
  dev
    .command('link')
    .description('the link of the newest letter to an address, for `accept` and the like; waits for it for some seconds')
    .argument('<email>')
    .action(async (email: string) => {
      const found = await linkTo(dataDirectory(), email);
      show(program, found, () => [found.link]);
    });
  dev
    .command('kill')
    .description('kill -9 of a process of the stack; the stack starts it again')
    .addArgument(new Argument('<part>').choices(KILLABLE))
    .action(async (part: Killable) => {
      const done = await breakable(
        () => killPart(dataDirectory(), part),
        () => ({ message: `Broken off; ${part} may have been killed, and the stack starts it again.`, hint: 'sluice doctor' }),
      );
      show(program, done, () => [
        `${part} (process ${done.killed}) was killed; ${done.now ? `process ${done.now} took its place` : 'it is not back yet, see its log'}`,
      ]);
    });
};

const show = (program: Command, data: unknown, human: () => string[]): void => {
  // Letters hold what strangers chose.
  console.log(program.opts<{ json?: boolean }>().json ? json(data, 2) : printableLines(human().join('\n')));
};
