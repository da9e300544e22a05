import type { Command } from 'commander';
import type { Cli } from '../cli.js';
import { batchCreate } from './batch-create.js';
import { batchDecide } from './batch-decide.js';
import { batchProof } from './batch-proof.js';
import { batchRead } from './batch-read.js';
import { batchWatch } from './batch-watch.js';

export const batchCommands = (program: Command, cli: Cli): void => {
  const batch = program.command('batch').description('payout batches: create, look, decide, follow');
  batchCreate(batch, cli);
  batchRead(batch, cli);
  batchProof(batch, cli);
  batchDecide(batch, cli);
  batchWatch(batch, cli);
};
