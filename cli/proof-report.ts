import { verifyProof } from '../client/verify/proof.js';
import type { BatchProof } from '../domain/audit/proof.js';
import type { Cli } from './cli.js';
import { EXIT, Failure } from './failure.js';
import { printable } from './render/table.js';

/** Verifies a bundle and prints what was found. Ends with exit code 1 when it does not hold, or is another batch's than was asked for. */
export const presentProof = (cli: Cli, bundle: BatchProof, asked: { verifierKey: string; batchId: string | null }): void => {
  const report = verifyProof(bundle, asked);
  cli.present(report, () => report.lines.map(printable).join('\n'));
  if (!report.ok) throw new Failure(EXIT.failed, 'The evidence does not hold.');
  if (asked.batchId !== null && report.batchId !== asked.batchId)
    throw new Failure(EXIT.failed, `This is the evidence of another batch: ${report.batchId}.`);
};
