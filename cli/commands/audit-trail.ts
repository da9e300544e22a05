import type { Command } from 'commander';
import { exportLines } from '../../client/stream.js';
import { verifyAudit } from '../../client/verify/audit.js';
import type { ExportRecord } from '../../domain/audit/export.js';
import { toWireId } from '../../domain/ids.js';
import { tenantOf, trustOf } from '../audit-trust.js';
import type { Cli } from '../cli.js';
import { EXIT, Failure } from '../failure.js';

interface Deed {
  at: string;
  action: string;
  result: string;
  actor: { type: string; personId?: string; keyId?: string; process?: string };
  subject: { type: string; id: string };
}

export const auditTrail = (audit: Command, cli: Cli): void => {
  audit
    .command('trail')
    .description('print the trail of a workspace and verify it on the way; ends in `checksum ok`, or says what is wrong and exits 1')
    .option('--tenant <id>', 'the workspace; refused when you are signed in to another one')
    .option('--key <key>', 'verifier key, or a file that holds it')
    .option('--checkpoint <files...>', 'signed notes kept outside: the log must contain all of them')
    .action(async (options: { tenant?: string; key?: string; checkpoint?: string[] }) => {
      const tenant = options.tenant ? { tenant: toWireId('workspace', tenantOf(options.tenant)) } : {};
      const { client } = await cli.connect(tenant);
      const trust = await trustOf(cli, options, client);
      const report = await verifyAudit(printed(cli, exportLines(client.transport)), trust);
      cli.terminal.out(cli.options().json ? JSON.stringify({ type: 'report', ...report }) : report.lines.join('\n'));
      if (!report.ok) throw new Failure(EXIT.failed, 'The log does not verify.');
    });
};

/** Passes the lines on and prints the events among them. */
async function* printed(cli: Cli, lines: AsyncIterable<string>): AsyncGenerator<string> {
  for await (const line of lines) {
    const record = JSON.parse(line) as ExportRecord;
    if (record.type === 'event') cli.terminal.out(cli.options().json ? line : lineOf(record.index, record.event as unknown as Deed | null));
    yield line;
  }
}

const lineOf = (index: number | null, deed: Deed | null): string => {
  const place = index === null ? 'unsealed' : String(index);
  if (!deed) return `${place.padStart(8)}  body expired`;
  const who = deed.actor.personId ?? deed.actor.keyId ?? deed.actor.process ?? '';
  return `${place.padStart(8)}  ${deed.at}  ${deed.action.padEnd(18)} ${deed.result.padEnd(18)} ${deed.actor.type} ${who}  ${deed.subject.type} ${deed.subject.id}`;
};
