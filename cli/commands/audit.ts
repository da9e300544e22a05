import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Command, Option } from 'commander';
import { exportLines } from '../../client/stream.js';
import { verifyAudit } from '../../client/verify/audit.js';
import type { ExportRecord } from '../../domain/audit/export.js';
import { toWireId } from '../../domain/ids.js';
import { printable, printableJson } from '../../domain/text.js';
import { type TrustOptions, tenantOf, trustOf } from '../audit-trust.js';
import type { Cli } from '../cli.js';
import { EXIT, Failure } from '../failure.js';
import { fileFailure } from '../file-failure.js';
import { linesOf } from '../files.js';
import { nameMembers } from '../name-people.js';
import { json } from '../render/json.js';
import { facts } from '../render/table.js';

export const auditCommands = (program: Command, cli: Cli): void => {
  const audit = program.command('audit').description('the audit log: read it, export it, verify it');
  auditTrail(audit, cli);
  auditVerify(audit, cli);
  auditExport(audit, cli);
  auditCheckpoint(audit, cli);
};

const auditTrail = (audit: Command, cli: Cli): void => {
  audit
    .command('trail')
    .description('print the trail of a workspace and verify it on the way; ends in `checksum ok`, or says what is wrong and exits 1')
    .option('--tenant <id>', 'the workspace; refused when you are signed in to another one')
    .option('--key <key>', 'verifier key, or a file that holds it')
    .option('--checkpoint <files...>', 'signed notes kept outside: the log must contain all of them')
    .action(async (options: TrustOptions) => {
      const tenant = options.tenant ? { tenant: toWireId('workspace', tenantOf(options.tenant)) } : {};
      const { client } = await cli.connect(tenant);
      const trust = await trustOf(cli, options, client);
      const names = cli.options().json ? NO_NAMES : await nameMembers(client);
      const report = await verifyAudit(printEvents(cli, exportLines(client.transport), names), trust);
      cli.terminal.out(cli.options().json ? json({ type: 'report', ...report }) : report.lines.join('\n'));
      requireVerified(report);
    });
};

const auditVerify = (audit: Command, cli: Cli): void => {
  audit
    .command('verify')
    .description('verify the log: every record, its order, its signed checkpoints; offline with --export and --key')
    .option('--export <file>', 'an export taken before; without it, the log is fetched')
    .option('--checkpoint <files...>', 'signed notes kept outside: the log must contain all of them')
    .option('--key <key>', 'verifier key, or a file that holds it')
    .option('--tenant <id>', 'the workspace that the log must belong to')
    .action(async ({ export: file, ...options }: TrustOptions & { export?: string }) => {
      const client = file === undefined ? (await cli.connect()).client : null;
      const trust = await trustOf(cli, options, client);
      const seen = { isExport: false };
      const report = await verifyAudit(client ? exportLines(client.transport) : noteRecord(linesOf(file as string), seen), trust);
      if (file !== undefined && !seen.isExport)
        throw new Failure(EXIT.failed, `${file} is no export of the audit log.`, 'sluice audit export --out FILE');
      cli.present(report, () => report.lines.map(printable).join('\n'));
      requireVerified(report);
    });
};

const auditExport = (audit: Command, cli: Cli): void => {
  audit
    .command('export')
    .description('the whole log as JSON lines, for `sluice audit verify --export`')
    .option('--out <file>', 'write it to a file')
    .action(async ({ out }: { out?: string }) => {
      const { client } = await cli.connect();
      const lines = Readable.from(withLineEnds(exportLines(client.transport)));
      await pipeline(lines, out ? createWriteStream(out, { mode: 0o600 }) : process.stdout, { end: out !== undefined }).catch((error: unknown) => {
        throw fileFailure(error, out ?? 'Standard output', 'write') ?? error;
      });
      if (!out) return;
      cli.note(`Written to ${out}.`);
      cli.suggest(`sluice audit verify --export ${out} --key sluice.key   (the key: sluice audit checkpoint --key > sluice.key)`);
    });
};

const auditCheckpoint = (audit: Command, cli: Cli): void => {
  audit
    .command('checkpoint')
    .description('the latest signed checkpoint; keep the note outside, because the log is verified against it')
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
          ['not yet sequenced', latest.unsealed],
          ['key', latest.verifier_key],
        ]),
      );
    });
};

const requireVerified = ({ ok }: { ok: boolean }): void => {
  if (!ok) throw new Failure(EXIT.failed, 'The log does not verify.');
};

const RECORD_TYPES: readonly unknown[] = ['header', 'checkpoint', 'event', 'transfer', 'gate', 'end'] satisfies ExportRecord['type'][];

/** Passes lines on, and notes whether one is a record of an export, damaged or not. */
async function* noteRecord(lines: AsyncIterable<string>, seen: { isExport: boolean }): AsyncGenerator<string> {
  for await (const line of lines) {
    seen.isExport ||= isRecord(line);
    yield line;
  }
}

const isRecord = (line: string): boolean => {
  try {
    return RECORD_TYPES.includes((JSON.parse(line) as { type?: unknown } | null)?.type);
  } catch {
    return false;
  }
};

/** As JSON an event is printed as it was hashed, and that names nobody. */
const NO_NAMES: ReadonlyMap<string, string> = new Map();

/** Passes the lines of an export on, and prints the events among them; `names` are those of people, by id. */
async function* printEvents(cli: Cli, lines: AsyncIterable<string>, names: ReadonlyMap<string, string>): AsyncGenerator<string> {
  for await (const line of lines) {
    const record = JSON.parse(line) as ExportRecord;
    if (record.type === 'event')
      cli.terminal.out(cli.options().json ? printableJson(line) : lineOf(record.index, record.event as unknown as EventBody | null, names));
    yield line;
  }
}

interface EventBody {
  at: string;
  action: string;
  result: string;
  actor: { type: string; personId?: string; keyId?: string; ownerPersonId?: string; operatorId?: string; process?: string };
  subject: { type: string; id: string };
}

const lineOf = (index: number | null, event: EventBody | null, names: ReadonlyMap<string, string>): string => {
  const place = index === null ? 'unsealed' : String(index);
  if (!event) return `${place.padStart(8)}  body expired`;
  const { at, action, result, actor, subject } = event;
  const actorId = actor.personId ?? actor.keyId ?? actor.operatorId ?? actor.process ?? '';
  const who = `${actor.type} ${actorId}${named(names, actor.personId ?? actor.ownerPersonId)}`;
  const about = `${subject.type} ${subject.id}${subject.type === 'person' ? named(names, subject.id) : ''}`;
  return `${place.padStart(8)}  ${at}  ${action.padEnd(18)} ${result.padEnd(18)} ${who}  ${about}`;
};

/** The name of a person, to stand behind an id; of an API key it is that of its owner. */
const named = (names: ReadonlyMap<string, string>, personId: string | undefined): string => {
  const name = personId === undefined ? undefined : names.get(personId);
  return name === undefined ? '' : ` (${printable(name)})`;
};

async function* withLineEnds(lines: AsyncIterable<string>): AsyncGenerator<string> {
  for await (const line of lines) yield `${line}\n`;
}
