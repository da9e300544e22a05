import type { Command } from 'commander';
import { verifyProof } from '../../client/verify/proof.js';
import type { BatchProof } from '../../domain/audit/proof.js';
import { fromWireId } from '../../domain/ids.js';
import { printable, printableJson } from '../../domain/text.js';
import { verifierKeyOf } from '../audit-trust.js';
import type { Cli } from '../cli.js';
import { EXIT, Failure } from '../failure.js';
import { readText, writeText } from '../files.js';
import { findBatch } from '../find-batch.js';

interface ProofOptions {
  out?: string;
  reveal?: true;
  verify?: true;
  key?: string;
}

/** `sluice batch evidence`: fetches the proof of a batch. */
export const batchProof = (batch: Command, cli: Cli): void => {
  batch
    .command('evidence')
    .description('everything that proves a batch, as one JSON document')
    .argument('<batch>', 'its id, or your external id')
    .option('--out <file>', 'write it to a file')
    .option('--reveal', 'with names and account numbers; needs payees.reveal, and the log says who saw them')
    .option('--verify', 'verify it here and print the findings instead; exits 1 when it does not hold')
    .option('--key <key>', 'with --verify: verifier key, or a file that holds it')
    .action(async (name: string, { out, reveal, verify, key }: ProofOptions) => {
      if (key !== undefined && !verify) throw new Failure(EXIT.usage, '--key is what --verify verifies against; give --verify too.');
      const { client } = await cli.connect();
      const id = await findBatch(client, name);
      const proof = await client.show_evidence({ batch_id: id, ...(reveal ? { reveal: 'true' } : {}) });
      const text = JSON.stringify(proof, null, 2);
      if (out) {
        writeText(out, `${text}\n`);
        cli.note(reveal ? `Written to ${out}, with names and account numbers.` : `Written to ${out}, without names and account numbers (--reveal).`);
      }
      if (verify) {
        const verifierKey = await verifierKeyOf(cli, key, client);
        presentProof(cli, proof as BatchProof, { verifierKey, batchId: fromWireId('batch', id) });
      } else if (out) cli.suggest(`sluice evidence verify ${out} --key sluice.key   (the key: sluice audit checkpoint --key > sluice.key)`);
      else cli.terminal.out(printableJson(text));
    });
};

/** `sluice evidence verify`: verifies such a document offline. */
export const proofCommands = (program: Command, cli: Cli): void => {
  program
    .command('evidence')
    .description('the proof of a batch, as `sluice batch evidence --out` writes it')
    .command('verify')
    .description('verify it offline: items, gates, states, money, and every event under the signed checkpoint; exits 1 when it does not hold')
    .argument('<file>')
    .option('--key <key>', 'verifier key, or a file that holds it')
    .option('--batch <id>', 'the batch that it must prove')
    .action(async (file: string, options: { key?: string; batch?: string }) => {
      const batchId = options.batch === undefined ? null : fromWireId('batch', options.batch);
      if (options.batch !== undefined && batchId === null) throw new Failure(EXIT.usage, `${options.batch} is not the id of a batch (batch_…).`);
      const verifierKey = await verifierKeyOf(cli, options.key, null);
      presentProof(cli, readProof(file), { verifierKey, batchId });
    });
};

const readProof = (file: string): BatchProof => {
  const text = readText(file);
  try {
    return JSON.parse(text) as BatchProof;
  } catch {
    throw new Failure(EXIT.failed, `${file} holds no JSON document.`);
  }
};

/** Verifies a proof and prints the findings. Ends with exit code 1 when it does not hold, or when it proves another batch than `batchId`. */
const presentProof = (cli: Cli, proof: BatchProof, { verifierKey, batchId }: { verifierKey: string; batchId: string | null }): void => {
  const report = verifyProof(proof, { verifierKey });
  const isOther = report.ok && batchId !== null && report.batchId !== batchId;
  // The last line is the verdict.
  const shown = isOther ? { ...report, ok: false, lines: [...report.lines.slice(0, -1), `evidence of another batch: ${report.batchId}`] } : report;
  cli.present(shown, () => shown.lines.map(printable).join('\n'));
  if (isOther) throw new Failure(EXIT.failed, `This is the evidence of another batch: ${report.batchId}.`);
  if (!shown.ok) throw new Failure(EXIT.failed, 'The evidence does not hold.');
};
