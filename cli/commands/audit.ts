import { type Command, Option } from 'commander';
import type { Cli } from '../cli.js';
import { facts } from '../render/table.js';
import { auditExport } from './audit-export.js';
import { auditTrail } from './audit-trail.js';
import { auditVerify } from './audit-verify.js';

export const auditCommands = (program: Command, cli: Cli): void => {
  const audit = program.command('audit').description('the audit log: read it, take it along, verify it');
  auditTrail(audit, cli);
  auditVerify(audit, cli);
  auditExport(audit, cli);
  audit
    .command('checkpoint')
    .description('the latest signed checkpoint; keep the note outside, it is what the log is verified against')
    .addOption(new Option('--note', 'print the signed note only, ready for a file').conflicts('key'))
    .option('--key', 'print the verifier key only, ready for a file')
    .action(async ({ note, key }: { note?: boolean; key?: boolean }) => {
      const { client } = await cli.connect();
      const latest = await client.show_checkpoint({});
      if (note) return cli.terminal.out(latest.note.trimEnd());
      if (key) return cli.terminal.out(latest.verifier_key);
      cli.present(latest, () =>
        facts([
          ['origin', latest.origin],
          ['size', latest.size],
          ['root', latest.root],
          ['published', latest.published_at],
          ['not yet sealed', latest.unsealed],
          ['key', latest.verifier_key],
        ]),
      );
    });
};
