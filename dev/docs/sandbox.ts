import { MAGIC } from '../sandbox-provider/magic.js';

/** docs/sandbox.md, from the fates that a destination can ask for. */
export const sandboxPage = (): string => `# The fates of the sandbox

Generated from \`dev/sandbox-provider/magic.ts\` by \`npm run docs\`; a test fails when it is stale.

A payment to the sandbox goes well unless its destination asks for trouble: by the beginning of an account token, such
as \`silent_cleo\`, or by the last four digits of an IBAN or account number. Any other destination is paid. The demo
stack settles by webhook, a quarter of a second after a payment was accepted.

| token | digits | what the provider does | what Sluice shows |
| --- | --- | --- | --- |
${MAGIC.map(({ prefix, digits, provider, sluice }) => `| \`${prefix}…\` | \`…${digits}\` | ${provider} | ${sluice} |`).join('\n')}

\`unknown\` means that nobody knows yet whether the provider has the payment: Sluice looks it up and does not send it
again blindly (R5). Faults that hit every payment alike, the provider's clock and its books are described in
[dev/sandbox-provider](../dev/sandbox-provider/README.md).

## An exception to try

What no machine can find out becomes an exception. The sandbox makes one when it neither takes a payment in, nor answers
look-ups, nor promises never to take it in later. Type this beside \`npm start\`, in the same folder.

**1. Faults.** From now on look-ups and fences fail, until this is called again; \`faults '{}'\` ends all of them.

\`\`\`sh
stack() { node -p "JSON.parse(fs.readFileSync('.sluice/stack.json')).$1"; }
faults() {
  curl -sS -X POST "$(stack provider_url)/control/faults" -d "$1" \\
    -H "authorization: Bearer $(stack provider_api_key)" -H 'content-type: application/json'
}
faults '{"lookup_unavailable": 1, "fence_unavailable": 1}'
\`\`\`

**2. A payment that nobody knows of.** When \`batch show\` says \`unknown 1\`, cancel the batch: so the payment may not be
sent again. If a gate says that a code was used already, repeat its line.

\`\`\`sh
cat > doubt.csv <<'CSV'
payee_reference,payee_name,country,account_token,amount,reference
dora-1,Dora Weiss,DE,refused_dora,310.00,INV-3001
CSV
npx sluice --as preparer ledger top-up 310.00
npx sluice --as preparer batch create doubt.csv --external-id doubt
npx sluice dev code approver | npx sluice --as approver batch approve doubt
npx sluice dev code authorizer | npx sluice --as authorizer batch authorize doubt
npx sluice dev code executor | npx sluice --as executor batch execute doubt
npx sluice batch show doubt
npx sluice --as executor batch cancel doubt
\`\`\`

**3. The exception.** When look-ups answer again, the provider does not have the payment, and does not promise that it
never will. Within half a minute the list has an exception \`unknown_not_sendable\`. Put its id for \`EXCEPTION\`.

\`\`\`sh
faults '{"fence_unavailable": 1}'
npx sluice exceptions list
npx sluice --as executor exceptions assign EXCEPTION me
npx sluice exceptions show EXCEPTION
npx sluice exceptions items EXCEPTION
\`\`\`

**4. Two people end it**, here by saying that it was paid. \`ITEM\` is the id that the items are listed with, and
\`resolve\` prints the id of the proposal. \`confirm\` shows what the choice does to the money before it takes the code.

\`\`\`sh
echo ITEM,pay_8842 > references.csv
npx sluice --as executor exceptions resolve EXCEPTION --choice provider_paid --references references.csv \\
  --reason "ticket 4711"
npx sluice dev code authorizer | npx sluice --as authorizer exceptions confirm PROPOSAL
npx sluice batch show doubt
faults '{}'
\`\`\`

Or one person lets the machine end it: after \`faults '{}'\` resolve it with \`--choice keep_asking\`. The provider then
promises never to take the payment in, so it is \`failed\` and its money goes back. \`provider_never_got\` is refused with
\`too_early\` until the key of the payment has ended, which takes 30 days here.
`;
