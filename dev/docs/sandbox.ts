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
`;
