import type { ResponseOf } from '../../client/types.js';
import { proposalFacts } from './exception.js';
import { facts, table } from './table.js';

type Recovery = ResponseOf<'show_recovery'>;

/** Why the process is in recovery mode, what a recovery would do, and where the newest one stands. */
export const recoveryText = (shown: Recovery): string => {
  const { reason, proposal, done } = shown;
  const isOver = done !== null || reason === null;
  return [
    reason ?? 'Nothing has to be recovered: the database holds everything that was published.',
    ...(isOver ? [] : ['', ...planLines(shown)]),
    ...(proposal === null ? [] : ['', 'The newest recovery:', proposalFacts(proposal)]),
    ...(done === null ? [] : ['', doneFacts(done)]),
  ].join('\n');
};

const planLines = ({ known_until, connections, batches }: Recovery): string[] => [
  `The backup knows of everything until ${known_until}. ${connections === 1 ? 'One rail connection is' : `${connections} rail connections are`} asked for what came since.`,
  batches.length === 0
    ? 'No batch is open.'
    : table(
        ['BATCH', 'STATE', 'OPEN', 'STEP'],
        batches.map((one) => [one.id, one.state, String(one.open), one.step]),
      ),
];

const doneFacts = (done: NonNullable<Recovery['done']>): string =>
  facts([
    ['carried out', done.at],
    ['in doubt', `${done.doubtful} items, which are looked up before anything is sent`],
    ['providers reported', `${done.reported} payments, which settled ${done.settled} items`],
    ['to resume', `${done.paused} batches that execute: sluice batch resume BATCH, if it shall go on`],
    ['to execute again', `${done.marked} batches that may have been paid: their items are looked up first`],
    ['did not answer', done.silent === 0 ? null : `${done.silent} rail connections; sluice exceptions list --kind recovery_unheard`],
    ['the log', `goes on as generation ${done.generation}; ${done.lost_events} published events are lost`],
  ]);
