import { parseOrigin } from '../../domain/audit/checkpoint.js';
import { EXPORT_VERSION, type ExportEvent, type ExportHeader, type ExportRecord } from '../../domain/audit/export.js';
import { toHex } from '../../domain/hashing.js';
import { subjectChains } from './chains.js';
import { checkEvent } from './events.js';
import { type Finding, Findings } from './findings.js';
import { joins } from './joins.js';
import { indexOrder } from './order.js';
import { type DeclaredGap, lineOf, recoveries, verdictOf } from './recoveries.js';
import { signedRoots } from './signed-roots.js';

/** What the auditor trusts; none of it may come from the export. */
export interface Trust {
  /** C2SP verifier key of the installation or of the log, in any of its generations. */
  verifierKey: string;
  /** Checkpoints stored elsewhere, older or newer: the log must contain all of them, but for those in a declared gap. */
  checkpoints?: readonly string[];
  /** The tenant that the log must belong to. */
  tenantId?: string;
}

export interface AuditReport {
  ok: boolean;
  tenantId: string | null;
  /** Events with an index in the tree, and how many of them the newest checkpoint covers. */
  sealed: number;
  signed: number;
  /** Events that no checkpoint covers yet. */
  unsealed: number;
  /** Events without a body, which the format allows; their leaves still count. */
  expired: number;
  /** Events whose gates and money were checked completely. */
  joined: number;
  transfers: number;
  gates: number;
  checkpoint: { size: number; root: string; note: string } | null;
  /** What recoveries declare lost. They are no findings: two people confirmed each, and the log says so under a checkpoint. */
  gaps: readonly DeclaredGap[];
  findings: readonly Finding[];
  /** Findings beyond those listed. */
  more: number;
  /** For people; the last line is `checksum ok`, with the declared gaps if there are any, or says what is wrong. */
  lines: string[];
}

/**
 * Verifies an audit export (JSON lines, docs/audit.md) against signed checkpoints, offline: every leaf, the chain of every subject,
 * the root of the tree at every signed size, and that transfers and gates join their events. What was lost before a recovery is named as a
 * declared gap. It reads line by line, and memory
 * grows with the number of subjects, not of events. Throws only when `trust` itself is malformed.
 */
export const verifyAudit = async (lines: AsyncIterable<string> | Iterable<string>, trust: Trust): Promise<AuditReport> => {
  const findings = new Findings();
  const [roots, chains, order, books, recovered] = [signedRoots(trust.verifierKey), subjectChains(), indexOrder(), joins(), recoveries()];
  const count = { records: 0, sequenced: 0, waiting: 0, expired: 0, joined: 0, transfers: 0, gates: 0 };
  let header: ExportHeader | null = null;
  let end: number | null = null;
  let inPlace = true;
  /** Below this index, money and gates were read after their events were written. */
  let joinable = 0;

  const takeEvent = ({ index, leaf, event: body }: ExportEvent): void => {
    if (index === null) count.waiting++;
    else {
      count.sequenced++;
      inPlace = order.see(index);
      if (inPlace) roots.grow(Buffer.from(leaf, 'hex'));
    }
    if (body === null) {
      count.expired++;
      chains.expire(leaf);
      return;
    }
    const event = checkEvent({ index, leaf, event: body }, { tenantId: header?.tenant_id, chains, findings });
    if (event === null) {
      books.excuse(String(body['id']));
      return;
    }
    recovered.see(event, index, findings);
    const complete = index !== null && index < joinable;
    if (complete) count.joined++;
    books.event(event, complete ? 'complete' : 'early', findings);
  };

  const takeHeader = (record: ExportHeader): void => {
    header = record;
    if (record.version !== EXPORT_VERSION) findings.add('malformed', `the export has the unknown version ${record.version}`);
    if (trust.tenantId && record.tenant_id !== trust.tenantId) findings.add('malformed', `the export is of tenant ${record.tenant_id}`);
    if (parseOrigin(record.origin)?.tenantId !== record.tenant_id)
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

  const gaps = roots.judge(recovered.all(), findings);
  const newest = roots.newest();
  const size = newest ? Number(newest.size) : null;
  const { tenant_id: tenantId = null, size: claimed = 0, origin = '' } = (header as ExportHeader | null) ?? {};
  if (tenantId === null) findings.add('malformed', 'the export has no header');
  if (end !== count.records - 1) findings.add('cut_off', 'the export file is not whole: its last record is missing or counts others than there are');
  if (joinable !== claimed) findings.add('cut_off', `the export lacks the checkpoint of size ${claimed} that it began with`);
  if (joinable === 0 && count.sequenced > 0) findings.add('unsigned', 'the export has no checkpoint: nothing signs this log');
  const explained = !inPlace || findings.all.some((finding) => finding.indexes.length > 0);
  recovered.report(findings, parseOrigin(origin)?.generation ?? 1);
  order.report(findings, size);
  chains.report(findings, roots.intact());
  books.report(findings);
  roots.report(findings, explained);
  const signed = Math.min(size ?? 0, count.sequenced);
  const report = {
    tenantId,
    sealed: count.sequenced,
    signed,
    unsealed: count.sequenced - signed + count.waiting,
    expired: count.expired,
    joined: count.joined,
    transfers: count.transfers,
    gates: count.gates,
    checkpoint: newest ? { size: Number(newest.size), root: toHex(newest.root), note: newest.note } : null,
  };
  return {
    ok: findings.all.length === 0,
    ...report,
    gaps,
    findings: findings.all,
    more: findings.more,
    lines: [
      `tenant ${tenantId ?? 'unknown'}`,
      `${signed} events under the checkpoint of size ${report.checkpoint?.size ?? 0}, ${report.unsealed} not yet sequenced${count.expired > 0 ? `, ${count.expired} with their body expired` : ''}`,
      `${count.transfers} transfers and ${count.gates} gates, joined with ${count.joined} events`,
      ...gaps.map(lineOf),
      ...findings.lines(),
      ...(findings.more > 0 ? [`and ${findings.more} more`] : []),
      `${findings.verdict('checksum')}${findings.all.length === 0 ? verdictOf(gaps) : ''}`,
    ],
  };
};
