import type { Client } from '../client/client.js';
import { streamEvents } from '../client/stream.js';
import { GATE_STATE } from '../domain/gate.js';
import { breakable } from './break-off.js';
import type { Cli } from './cli.js';
import { EXIT, Failure } from './failure.js';
import type { Connection } from './identity/connect.js';
import type { Gate } from './open-gate.js';
import { passkeyPage } from './passkey-page.js';
import { type Batch, nextStep } from './render/batch.js';
import { whoText } from './render/done-by.js';

/**
 * Prints the page on which somebody opens the gate with a passkey, and follows the batch until the gate is open, whoever opened it. The command
 * itself changes nothing, so Ctrl-C leaves everything as it is. Fails when the batch is not, or no longer, at that gate.
 */
export const openByPasskey = async (cli: Cli, connection: Connection, batchId: string, gate: Gate): Promise<Batch> => {
  const { client, url } = connection;
  const found = await client.show_payout_batch({ batch_id: batchId });
  if (isOpened(cli, found, gate)) return found;
  refuseElsewhere(cli, found, gate);
  const workspace = await workspaceOf(connection);
  cli.note(
    `Open this page in a browser and sign in as whoever is to ${gate} the batch. It shows what would be paid; read that, then press the button:`,
  );
  cli.note(passkeyPage(url, 'passkeys/gate', { batch: batchId, gate, ...(workspace === null ? {} : { workspace }) }));
  cli.note('Waiting for the gate to open…');
  const standing = () => ({
    message: `Broken off; nothing was changed. The page still works: ${gate} of ${batchId} waits for its person.`,
    hint: `sluice batch show ${batchId}`,
  });
  return breakable((signal) => followed(cli, client, found, gate, signal), standing);
};

/** The batch once the gate is open. */
const followed = async (cli: Cli, client: Client, found: Batch, gate: Gate, broken: AbortSignal): Promise<Batch> => {
  const enough = new AbortController();
  let version = found.content_version;
  try {
    for await (const event of streamEvents(client.transport, found.id, AbortSignal.any([broken, enough.signal]))) {
      if (event.name !== 'progress') continue;
      const batch = event.data as Batch;
      if (isOpened(cli, batch, gate)) return batch;
      refuseElsewhere(cli, batch, gate);
      if (batch.content_version !== version) cli.note('The batch was edited. The page shows it as it is now after "Look again".');
      version = batch.content_version;
    }
  } finally {
    enough.abort();
  }
  // The stream ends with the batch.
  const last = await client.show_payout_batch({ batch_id: found.id });
  if (!isOpened(cli, last, gate)) throw elsewhere(cli, last, gate);
  return last;
};

/** Whether the gate is open on the present content; then it says by whom. */
const isOpened = (cli: Cli, { id, gates }: Batch, gate: Gate): boolean => {
  const opened = gates.find((one) => one.gate === gate);
  if (opened) cli.note(`${gate} of ${id} is open, by ${whoText(opened.opened_by) ?? opened.person_id}.`);
  return opened !== undefined;
};

const refuseElsewhere = (cli: Cli, batch: Batch, gate: Gate): void => {
  if (batch.state !== GATE_STATE[gate]) throw elsewhere(cli, batch, gate);
};

const elsewhere = (cli: Cli, batch: Batch, gate: Gate): Failure =>
  new Failure(EXIT.failed, `${gate} needs a batch in state ${GATE_STATE[gate]}; it is ${batch.state}.`, nextStep(batch, cli), 'wrong_state');

/** Where the person has to sign in. A key says nothing of it; then the page takes the test workspace, as signing in does. */
const workspaceOf = async ({ client, apiKey }: Connection): Promise<string | null> => (apiKey ? null : (await client.show_session({})).workspace.id);
