import type { Batch } from './batch.js';

/** What each word of `attention` says of a batch, in a line. Words that come later are shown as they are. */
const MEANINGS: Readonly<Record<string, string>> = {
  unknown_items: 'of some payments nobody knows yet whether they were made; they are asked about by themselves',
  integrity_failed: 'its content is not what was approved, so nothing more is sent',
  gates_forged: 'a gate was not opened by the person that it names, so nothing is sent',
  provider_unavailable: 'the provider does not answer, so nothing new is sent',
  run_stalled: 'its run does not get further',
  exceptions: 'people have to look at exceptions of it: sluice exceptions list --batch BATCH',
  connection_disabled: 'its rail connection is disabled, so nothing is sent',
  connection_changed: 'its rail connection was changed since, so nothing is sent with the new settings',
  changed_destinations: 'payees go to another account than the one that was paid last',
  changed_payees: 'name, type or country of payees is not what was paid last',
  same_file: 'the same file was paid before, or is being paid',
  same_payments: 'payments of it are paid or open already in another batch',
  repeated_within: 'payments repeat an earlier one of this batch',
  unusual_amounts: "payments are above 10 times their payee's median",
  unusual_total: 'its total is above 3 times the usual batch of its account',
  first_seen_payees: 'payees were added on the day that it was sealed',
  foreign_accounts: 'new destinations lie in another country than their payee',
  shared_accounts: 'new destinations are accounts that another payee has',
};

/** The words whose rows the screen of a gate shows. */
const OF_A_GATE: readonly string[] = [
  ...['changed_destinations', 'changed_payees', 'same_file', 'same_payments', 'repeated_within'],
  ...['unusual_amounts', 'unusual_total', 'first_seen_payees', 'foreign_accounts', 'shared_accounts'],
];

/** What people have to look at about a batch, a line each, and where the payments behind it are shown. Empty when there is nothing. */
export const attentionLines = ({ id, attention, state }: Batch): string[] => {
  if (attention.length === 0) return [];
  const gate = ({ approved: 'authorize', authorized: 'execute' } as Partial<Record<Batch['state'], string>>)[state] ?? 'approve';
  return [
    '',
    'Look at this first:',
    ...attention.map((word) => `  ${word}${MEANINGS[word] ? `: ${MEANINGS[word].replace('BATCH', id)}` : ''}`),
    ...(attention.some((word) => OF_A_GATE.includes(word))
      ? [`  Payees and amounts: whoever may open the gate sees them before the code is asked for (sluice batch ${gate} ${id}).`]
      : []),
  ];
};
