import { existsSync, readFileSync } from 'node:fs';
import type { Command } from 'commander';
import type { BatchProof } from '../../domain/audit/proof.js';
import { fromWireId } from '../../domain/ids.js';
import { verifierKeyOf } from '../audit-trust.js';
import type { Cli } from '../cli.js';
import { EXIT, Failure } from '../failure.js';
import { presentProof } from '../proof-report.js';

export const proofCommands = (program: Command, cli: Cli): void => {
  program
    .command('evidence')
    .description('the evidence of a batch, as `sluice batch evidence --out` writes it')
    .command('verify')
    .description('verify it offline: items, gates, states, money, and every event under the signed checkpoint; exits 1 when it does not hold')
    .argument('<file>')
    .option('--key <key>', 'verifier key, or a file that holds it')
    .option('--batch <id>', 'the batch that it must be of')
    .action(async (file: string, options: { key?: string; batch?: string }) => {
      if (!existsSync(file)) throw new Failure(EXIT.usage, `There is no file ${file}.`);
      const batchId = options.batch === undefined ? null : fromWireId('batch', options.batch);
      if (options.batch !== undefined && batchId === null) throw new Failure(EXIT.usage, `${options.batch} is not the id of a batch (batch_…).`);
      const verifierKey = await verifierKeyOf(cli, options.key, null);
      presentProof(cli, readBundle(file), { verifierKey, batchId });
    });
};

const readBundle = (file: string): BatchProof => {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as BatchProof;
  } catch {
    throw new Failure(EXIT.failed, `${file} holds no JSON document.`);
  }
};
