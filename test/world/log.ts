import { join } from 'node:path';
import { sequencingStore } from '../../db/sequencing.js';
import type { Actor } from '../../domain/actors.js';
import type { CheckpointArchive, Services } from '../../operations/ports.js';
import { recoverySwitch } from '../../operations/recovery/mode.js';
import { sequencerPass } from '../../relay/sequencer.js';
import { openCheckpointFolder } from '../../vault/checkpoint-folder.js';
import type { contextsOf } from './contexts.js';
import type { OwnDatabase } from './database.js';
import type { Workspace } from './workspaces.js';

type Base = OwnDatabase & Pick<ReturnType<typeof contextsOf>, 'api'> & { services: Services; home: Workspace; folder: string };

/** The audit log: writes events, runs the sequencer, reads what was audited. */
export const logOf = ({ pool, sqlIn, api, services: { sha256, signer }, home, folder }: Base) => {
  const checkpoints = join(folder, 'checkpoints');

  /** Writes one event in a transaction of its own. Returns its id. */
  const writeEvent = (tenantId: string, subjectId: string, detail: { [key: string]: string | number } = {}): Promise<string> =>
    api(tenantId).inTenant((stores) =>
      stores.audit.append({ subject: { type: 'batch', id: subjectId }, action: 'batch.create', result: 'ok', detail }),
    );

  /** A sequencer of its own, as another process would run it. `problems` collects all that it logs. */
  const newSequencer = (over: { failpoint?: () => Promise<void>; folder?: string } = {}) => {
    const recovery = recoverySwitch(null);
    const problems: unknown[] = [];
    const note = (about: unknown) => void problems.push(about);
    const parts = {
      store: sequencingStore(pool('sequencer'), sha256),
      signer,
      archive: openCheckpointFolder(over.folder ?? checkpoints, signer.verifierKey),
      recovery,
      failpoint: over.failpoint ?? (async () => {}),
      log: { info: note, warn: note, error: note },
    };
    return { parts, recovery, problems, pass: sequencerPass(parts) };
  };

  /** Gives every event its leaf and publishes a checkpoint of each workspace. */
  const sequence = async (): Promise<void> => {
    const { pass, problems } = newSequencer();
    await pass('all_heads');
    if (problems.length > 0) throw new Error(`the sequencer found problems: ${JSON.stringify(problems)}`);
  };

  /** Events of one action, oldest first. */
  const audited = (action: string, tenantId = home.tenantId): Promise<{ result: string; actor: Actor; subject_id: string }[]> =>
    sqlIn(tenantId, 'SELECT result, actor, subject_id FROM audit_event WHERE action = $1 ORDER BY id', [action]);

  /** Results of one action on one subject of the home workspace, oldest first. */
  const results = async (subjectId: string, action: string): Promise<string[]> => {
    const text = 'SELECT result FROM audit_event WHERE subject_id = $1 AND action = $2 ORDER BY subject_seq';
    return (await sqlIn<{ result: string }>(home.tenantId, text, [subjectId, action])).map((row) => row.result);
  };

  const archive: CheckpointArchive = openCheckpointFolder(checkpoints, signer.verifierKey);
  return { checkpoints, archive, writeEvent, newSequencer, sequence, audited, results };
};
