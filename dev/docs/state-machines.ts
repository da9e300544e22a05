import { BATCH_STATES, BATCH_TRANSITIONS, type BatchState, isTerminalBatch } from '../../domain/batch/states.js';
import { GATE_PERMISSION, GATE_STATE, GATES } from '../../domain/gate.js';
import { ITEM_EDGES, ITEM_STATES, isTerminalItem } from '../../domain/item/states.js';
import { postingFor } from '../../domain/ledger/postings.js';

const BATCH_MEANING: Readonly<Record<BatchState, string>> = {
  receiving: 'A CSV is being received; people see its progress once it is handed over.',
  draft: 'Complete, but not yet handed to the gates.',
  queued: 'Waits for the approver.',
  approved: 'Waits for the authorizer.',
  authorized: 'The total is held in the ledger; waits for the executor.',
  executing: 'Payments are sent and settled.',
  completed: 'Every item is final and at least one was paid.',
  failed: 'Every item is final, none was paid and nobody cancelled the batch.',
  rejected: 'A person rejected it before execution.',
  cancelled: 'A person cancelled it before anything was paid.',
  expired: 'A gate was not opened in time.',
  refused: 'The file had errors, which the batch lists. Nothing of it will be paid.',
};

/** docs/state-machines.md, from the tables in `domain/`. */
export const stateMachinesPage = (): string => `# State machines

Generated from \`domain/\` by \`npm run docs\`; a test fails when it is stale.

## Payout batch

\`\`\`mermaid
stateDiagram-v2
${batchArrows().join('\n')}
\`\`\`

| state | meaning | final |
| --- | --- | --- |
${BATCH_STATES.map((state) => `| \`${state}\` | ${BATCH_MEANING[state]} | ${isTerminalBatch(state) ? 'yes' : ''} |`).join('\n')}

| verb | from | to |
| --- | --- | --- |
${Object.entries(BATCH_TRANSITIONS)
  .map(([verb, { from, to }]) => `| ${verb} | ${from.map((state) => `\`${state}\``).join(', ')} | \`${to}\` |`)
  .join('\n')}

Every transition is one compare-and-set. When two race, exactly one wins, and the answer to the other names the state
that it found. Pause and cancelling are fields of the batch, not states. A payment that returns after completion changes
counters, never the state.

## Gates

| gate | needs state | permission |
| --- | --- | --- |
${GATES.map((gate) => `| ${gate} | \`${GATE_STATE[gate]}\` | \`${GATE_PERMISSION[gate]}\` |`).join('\n')}

## Payout item

\`\`\`mermaid
stateDiagram-v2
${ITEM_STATES.flatMap((from) => ITEM_EDGES[from].map((to) => `  ${from} --> ${to}`)).join('\n')}
\`\`\`

| from | to | posts |
| --- | --- | --- |
${ITEM_STATES.flatMap((from) =>
  ITEM_EDGES[from].map((to) => {
    const posting = postingFor(from, to);
    return `| \`${from}\` | \`${to}\` | ${posting ? `${posting.kind}: ${posting.debit} → ${posting.credit}` : ''} |`;
  }),
).join('\n')}

These states are final for the batch: ${ITEM_STATES.filter(isTerminalItem)
  .map((state) => `\`${state}\``)
  .join(', ')}.
Evidence may still move an item between \`paid\`, \`failed\` and \`returned\`.
`;

const batchArrows = (): string[] =>
  Object.entries(BATCH_TRANSITIONS).flatMap(([verb, { from, to }]) => from.map((state) => `  ${state} --> ${to}: ${verb}`));
