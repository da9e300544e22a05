import { AUDIT_VERSION, bodyLeaf } from '../../domain/audit/event.js';
import { EXPORT_VERSION, type ExportEvent, type ExportHeader, type ExportRecord } from '../../domain/audit/export.js';
import { toHex } from '../../domain/hashing.js';
import { subjectChains } from './chains.js';
import { sha256 } from './crypto.js';
import { type Finding, Findings } from './findings.js';
import { type Deed, joins } from './joins.js';
import { indexOrder } from './order.js';
import { signedRoots } from './signed-roots.js';

/** What the auditor trusts; none of it may come from the export. */
export interface Trust {
  /** C2SP verifier key of the installation. */
  verifierKey: string;
  /** Checkpoints kept outside, older or newer: the log must contain all of them. */
  checkpoints?: readonly string[];
  /** When the auditor asks for one tenant. */
  tenantId?: string;
}

export interface AuditReport {
  ok: boolean;
  tenantId: string | null;
  /** Events with a place in the tree, and how many of them the newest checkpoint covers. */
  sealed: number;
  signed: number;
  /** Events that no checkpoint covers yet. */
  unsealed: number;
  /** Events whose body retention has dropped; their leaves still count. */
  expired: number;
  /** Events whose gates and money were checked to be there in full. */
  joined: number;
  transfers: number;
  gates: number;
  checkpoint: { size: number; root: string; note: string } | null;
  findings: readonly Finding[];
  /** Findings beyond those listed. */
  more: number;
  /** For people; the last line is `checksum ok` or says what is wrong. */
  lines: string[];
}

/**
 * Verifies an audit export (JSON lines, docs/audit.md) against signed checkpoints, offline: every leaf, every subject's
 * chain, the tree's root at every signed size, and that transfers and gates join their events. Reads line by line;
 * memory grows with the number of subjects, not of events. Throws only when `trust` itself is malformed.
 */
export const verifyAudit = async (lines: AsyncIterable<string> | Iterable<string>, trust: Trust): Promise<AuditReport> => {
  const findings = new Findings();
  const [roots, chains, order, books] = [signedRoots(trust.verifierKey), subjectChains(), indexOrder(), joins()];
  const count = { records: 0, sealed: 0, waiting: 0, expired: 0, joined: 0, transfers: 0, gates: 0 };
  let header: ExportHeader | null = null;
  let end: number | null = null;
  let inPlace = true;
  /** Money and gates of events below this size were read after the events were written. */
  let joinable = 0;

  const takeEvent = ({ index, leaf, event: body }: ExportEvent): void => {
    if (index === null) count.waiting++;
    else {
      count.sealed++;
      inPlace = order.see(index);
      if (inPlace) roots.grow(Buffer.from(leaf, 'hex'));
    }
    if (body === null) {
      count.expired++;
      chains.expire(leaf);
      return;
    }
    const deed = body as unknown as Deed & { domain: string; tenant_id: string; subject_seq: number; previous: string };
    const about = { indexes: index === null ? [] : [index], eventIds: [deed.id] };
    const name = `event ${deed.id} (${index === null ? 'not sealed' : `index ${index}`})`;
    const own = bodyLeaf(sha256, body);
    if (own !== leaf) {
      findings.add('changed', `${name} was changed; it now reads ${deed.action} of ${deed.subject?.type} ${deed.subject?.id}`, about);
      // What it says of its place cannot be relied on; what follows it names one of the two.
      chains.expire(leaf);
      chains.expire(own);
      books.excuse(deed.id);
      return;
    }
    if (deed.domain !== AUDIT_VERSION) findings.add('malformed', `${name} has the unknown version ${deed.domain}`, about);
    if (deed.tenant_id !== header?.tenant_id) findings.add('malformed', `${name} belongs to another tenant`, about);
    chains.see({ id: deed.id, index, subject: `${deed.subject.type} ${deed.subject.id}`, seq: deed.subject_seq, previous: deed.previous, leaf });
    const complete = index !== null && index < joinable;
    if (complete) count.joined++;
    books.event(deed, complete ? 'complete' : 'early', findings);
  };

  const takeHeader = (record: ExportHeader): void => {
    header = record;
    if (record.version !== EXPORT_VERSION) findings.add('malformed', `the export has the unknown version ${record.version}`);
    if (trust.tenantId && record.tenant_id !== trust.tenantId) findings.add('malformed', `the export is of tenant ${record.tenant_id}`);
    if (!record.origin.endsWith(`/${record.tenant_id}`))
      findings.add('malformed', `the origin ${record.origin} is not of tenant ${record.tenant_id}`);
    for (const note of trust.checkpoints ?? []) roots.sign(note, record.origin, findings);
  };

  const take = (record: ExportRecord): void => {
    if (record.type === 'header') takeHeader(record);
    else if (record.type === 'checkpoint') joinable = Math.max(joinable, roots.sign(record.note, header?.origin ?? '', findings));
    else if (record.type === 'event') takeEvent(record);
    else if (record.type === 'end') end = record.records;
    else if (record.type === 'transfer') {
      count.transfers++;
      books.transfer(record);
    } else if (record.type === 'gate') {
      count.gates++;
      books.gate(record, findings);
    } else throw new Error('a record of an unknown type');
  };

  for await (const line of lines) {
    if (line.trim() === '') continue;
    count.records++;
    try {
      take(JSON.parse(line) as ExportRecord);
    } catch (error) {
      findings.add('malformed', `record ${count.records} of the export cannot be read: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  const newest = roots.newest();
  const size = newest ? Number(newest.size) : null;
  const { tenant_id: tenantId = null, size: claimed = 0 } = (header as ExportHeader | null) ?? {};
  if (tenantId === null) findings.add('malformed', 'the export has no header');
  if (end !== count.records - 1) findings.add('cut_off', 'the export file is not whole: its last record is missing or counts others than there are');
  if (joinable !== claimed) findings.add('cut_off', `the export lacks the checkpoint of size ${claimed} that it began with`);
  if (joinable === 0 && count.sealed > 0) findings.add('unsigned', 'the export has no checkpoint: nothing signs this log');
  const explained = !inPlace || findings.all.some((finding) => finding.indexes.length > 0);
  order.report(findings, size);
  chains.report(findings, roots.intact());
  books.report(findings);
  roots.report(findings, explained);
  const signed = Math.min(size ?? 0, count.sealed);
  return reportOf({
    ok: findings.all.length === 0,
    tenantId,
    sealed: count.sealed,
    signed,
    unsealed: count.sealed - signed + count.waiting,
    expired: count.expired,
    joined: count.joined,
    transfers: count.transfers,
    gates: count.gates,
    checkpoint: newest ? { size: Number(newest.size), root: toHex(newest.root), note: newest.note } : null,
    findings: findings.all,
    more: findings.more,
  });
};

const reportOf = (report: Omit<AuditReport, 'lines'>): AuditReport => {
  const { findings, more, checkpoint } = report;
  const wrong = findings.length + more;
  return {
    ...report,
    lines: [
      `tenant ${report.tenantId ?? 'unknown'}`,
      `${report.signed} events under the checkpoint of size ${checkpoint?.size ?? 0}, ${report.unsealed} not yet sealed${report.expired > 0 ? `, ${report.expired} with their body expired` : ''}`,
      `${report.transfers} transfers and ${report.gates} gates, joined with ${report.joined} events`,
      ...findings.map((finding) => `${finding.kind.replace('_', ' ')}: ${finding.message}`),
      ...(more > 0 ? [`and ${more} more`] : []),
      wrong === 0 ? 'checksum ok' : `checksum wrong: ${wrong} finding${wrong === 1 ? '' : 's'}`,
    ],
  };
};
