import { writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import type { BatchProof } from '../../domain/audit/proof.js';
import { fromWireId } from '../../domain/ids.js';
import { verifierKeyOf } from '../audit-trust.js';
import type { Cli } from '../cli.js';
import { EXIT, Failure } from '../failure.js';
import { findBatch } from '../find-batch.js';
import { presentProof } from '../proof-report.js';

interface ProofOptions {
  out?: string;
  verify?: true;
  key?: string;
}

export const batchProof = (batch: Command, cli: Cli): void => {
  batch
    .command('evidence')
    .description('everything that proves a batch, as one JSON document')
    .argument('<batch>')
    .option('--out <file>', 'write it to a file')
    .option('--verify', 'verify it here and print what was found instead; exits 1 when it does not hold')
    .option('--key <key>', 'with --verify: verifier key, or a file that holds it')
    .action(async (name: string, { out, verify, key }: ProofOptions) => {
      if (key !== undefined && !verify) throw new Failure(EXIT.usage, '--key is what --verify verifies against; say --verify too.');
      const { client } = await cli.connect();
      const id = await findBatch(client, name);
      const bundle = await client.show_evidence({ batch_id: id });
      const text = JSON.stringify(bundle, null, 2);
      if (out) {
        writeFileSync(out, `${text}\n`, { mode: 0o600 });
        cli.tell(`Written to ${out}.`);
      }
      if (verify) {
        const verifierKey = await verifierKeyOf(cli, key, client);
        presentProof(cli, bundle as BatchProof, { verifierKey, batchId: fromWireId('batch', id) });
      } else if (out) cli.suggest(`sluice evidence verify ${out} --key sluice.key   (the key: sluice audit checkpoint --key > sluice.key)`);
      else cli.terminal.out(text);
    });
};
