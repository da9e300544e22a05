import type { Command } from 'commander';
import type { Cli } from '../cli.js';
import { batchCreate } from './batch-create.js';
import { batchDecide } from './batch-decide.js';
import { batchEvidence } from './batch-evidence.js';
import { batchRead } from './batch-read.js';
import { batchWatch } from './batch-watch.js';

export const batchCommands = (program: Command, cli: Cli): void => {
  const batch = program.command('batch').description('payout batches: create, look, decide, follow');
  batchCreate(batch, cli);
  batchRead(batch, cli);
  batchEvidence(batch, cli);
  batchDecide(batch, cli);
  batchWatch(batch, cli);
};
