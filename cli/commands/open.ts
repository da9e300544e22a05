import { spawn } from 'node:child_process';
import type { Command } from 'commander';
import type { Cli } from '../cli.js';
import { EXIT, Failure } from '../failure.js';
import { findBatch } from '../find-batch.js';

export const openCommand = (program: Command, cli: Cli): void => {
  program
    .command('open')
    .description('open the Temporal Web UI on a batch; prints the address where there is no browser')
    .argument('[batch]', 'its id, or your external id')
    .action(async (name: string | undefined) => {
      const { client, stack } = await cli.connect();
      const ui = cli.env['SLUICE_UI_URL'] ?? stack?.ui_url;
      if (!ui) throw new Failure(EXIT.usage, 'No Web UI is known here.', 'set SLUICE_UI_URL');
      const namespace = cli.env['TEMPORAL_NAMESPACE'] ?? stack?.namespace ?? 'sluice';
      const workflows = `${ui.replace(/\/+$/, '')}/namespaces/${encodeURIComponent(namespace)}/workflows`;
      // The id of the workflow is that of the batch.
      const url = name ? `${workflows}/${await findBatch(client, name)}` : workflows;
      cli.present({ url }, () => url);
      if (cli.terminal.watched && !cli.options().json) browse(url);
    });
};

/** A machine without a browser is no failure, because the address is printed as well. */
const browse = (url: string): void => {
  const command = { darwin: 'open', win32: 'explorer' }[process.platform as string] ?? 'xdg-open';
  const child = spawn(command, [url], { stdio: 'ignore', detached: true });
  child.on('error', () => {});
  child.unref();
};
