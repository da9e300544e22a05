import { createReadStream, existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Command } from 'commander';
import { exportLines } from '../../client/stream.js';
import { verifyAudit } from '../../client/verify/audit.js';
import { type TrustOptions, trustOf } from '../audit-trust.js';
import type { Cli } from '../cli.js';
import { EXIT, Failure } from '../failure.js';
import { printable } from '../render/table.js';

export const auditVerify = (audit: Command, cli: Cli): void => {
  audit
    .command('verify')
    .description('verify the log: every record, its order, its signed checkpoints; offline with --export and --key')
    .option('--export <file>', 'an export taken before; left out, it is fetched')
    .option('--checkpoint <files...>', 'signed notes kept outside: the log must contain all of them')
    .option('--key <key>', 'verifier key, or a file that holds it')
    .option('--tenant <id>', 'the workspace it must be of')
    .action(async ({ export: file, ...options }: TrustOptions & { export?: string }) => {
      if (file !== undefined && !existsSync(file)) throw new Failure(EXIT.usage, `There is no file ${file}.`);
      const client = file === undefined ? (await cli.connect()).client : null;
      const trust = await trustOf(cli, options, client);
      const lines = client ? exportLines(client.transport) : createInterface({ input: createReadStream(file as string) });
      const report = await verifyAudit(lines, trust);
      cli.present(report, () => report.lines.map(printable).join('\n'));
      if (!report.ok) throw new Failure(EXIT.failed, 'The log does not verify.');
    });
};
