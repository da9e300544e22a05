import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Command } from 'commander';
import { exportLines } from '../../client/stream.js';
import type { Cli } from '../cli.js';

export const auditExport = (audit: Command, cli: Cli): void => {
  audit
    .command('export')
    .description('the whole log as JSON lines, for `sluice audit verify --export`')
    .option('--out <file>', 'write it to a file')
    .action(async ({ out }: { out?: string }) => {
      const { client } = await cli.connect();
      const lines = Readable.from(withEnds(exportLines(client.transport)));
      await pipeline(lines, out ? createWriteStream(out, { mode: 0o600 }) : process.stdout, { end: out !== undefined });
      if (!out) return;
      cli.tell(`Written to ${out}.`);
      cli.suggest(`sluice audit verify --export ${out} --key sluice.key   (the key: sluice audit checkpoint --key > sluice.key)`);
    });
};

async function* withEnds(lines: AsyncIterable<string>): AsyncGenerator<string> {
  for await (const line of lines) yield `${line}\n`;
}
