import { z } from 'zod';
import { GATES } from '../domain/gate.js';
import { assertion, requestOptions } from './passkeys.js';
import { code, currency, doneBy, hash, id, minorUnits, timestamp, wireId } from './wire.js';

export const askChallenge = z.strictObject({ gate: z.enum(GATES) });

const fromTo = z.object({ from: z.string(), to: z.string() });

/** What will be paid, as the second factor is bound to it. */
export const challenge = z
  .object({
    object: z.literal('challenge'),
    id: wireId,
    batch_id: wireId,
    gate: z.enum(GATES),
    content_version: z.number().int(),
    digest: hash,
    expires_at: timestamp,
    /** For the person's passkeys that decide; what they sign is the `challenge_sha256` of the audit event. Null where there is none. */
    passkey: requestOptions.nullable(),
    summary: z.object({
      item_count: z.number().int(),
      /** Items that were left out of it, beside those. */
      excluded_count: z.number().int(),
      total: minorUnits,
      currency,
      rail: z.string(),
      funding_account: z.object({ id: wireId, name: z.string(), balance: minorUnits, balance_after: minorUnits }),
      largest: z.array(z.object({ payee_reference: z.string(), payee_name: z.string().nullable(), destination: z.string(), amount: minorUnits })),
      new_payees: z.number().int(),
      /** What is new or unusual about it, as of when this content version was sealed; held payees are of now. */
      facts: z.object({
        sealed_at: timestamp,
        /** The batch that was made from the same file and is paid or may still be. */
        same_file: z.object({ batch_id: wireId }).nullable(),
        /**
         * Payments equal in payee, amount and reference to ones paid or open in the last 90 days, the batch with most of them, up to 50 batches
         * with their counts, and up to 50 different payments, the largest: `ordinal` is the first item that is so, and `equals` the newest that
         * it equals, with its state of now. Facts of before say count and batch alone.
         */
        same_payments: z
          .object({
            count: z.number().int(),
            batch_id: wireId,
            batches: z.array(z.object({ batch_id: wireId, count: z.number().int() })),
            shown: z.array(
              z.object({
                ordinal: z.number().int(),
                payee_reference: z.string(),
                amount: minorUnits,
                reference: z.string(),
                times: z.number().int(),
                equals: z.object({ batch_id: wireId, ordinal: z.number().int(), state: z.string() }),
              }),
            ),
          })
          .nullable(),
        /** Payments equal in payee, amount and reference to an earlier one of this batch; up to 50 different ones are shown. */
        repeated_within: z.object({
          count: z.number().int(),
          shown: z.array(z.object({ payee_reference: z.string(), amount: minorUnits, reference: z.string(), times: z.number().int() })),
        }),
        /** Destinations of another account than the one that the payee was paid at last; up to 50 are shown. */
        changed_destinations: z.object({
          count: z.number().int(),
          shown: z.array(
            z.object({ payee_reference: z.string(), from: z.string(), to: z.string(), changed_by: doneBy.nullable(), changed_at: timestamp }),
          ),
        }),
        /**
         * Payments to another name, type or country than the payee was paid with last, by destination version; up to 50 are shown, names
         * in clear. What did not change is null, and all three are once the person was deleted.
         */
        changed_payees: z.object({
          count: z.number().int(),
          shown: z.array(
            z.object({
              payee_reference: z.string(),
              name: fromTo.nullable(),
              payee_type: fromTo.nullable(),
              country: fromTo.nullable(),
              changed_by: doneBy.nullable(),
              changed_at: timestamp,
            }),
          ),
        }),
        /** Payees to whom nothing is sent while they are held; up to 50 are shown, those with the largest amounts. */
        held_payees: z.object({
          count: z.number().int(),
          payments: z.number().int(),
          amount: minorUnits,
          shown: z.array(z.object({ payee_reference: z.string(), held_at: timestamp, held_by: doneBy.nullable(), reason: z.string().nullable() })),
        }),
        /** Destinations that the payee was not paid at last, with an IBAN of another country than the payee; up to 50 are shown. */
        foreign_accounts: z.object({
          count: z.number().int(),
          shown: z.array(z.object({ payee_reference: z.string(), country: z.string(), destination: z.string() })),
        }),
        /** Destinations that the payee was not paid at last, of an account that another payee has or had; up to 50 are shown. */
        shared_accounts: z.object({
          count: z.number().int(),
          shown: z.array(z.object({ payee_reference: z.string(), destination: z.string(), other_payee_reference: z.string() })),
        }),
        /** Payments above 10 times the payee's median of the last 90 days; counted up to 1,000, and up to 50 are shown. */
        unusual_amounts: z.object({
          count: z.number().int(),
          shown: z.array(z.object({ payee_reference: z.string(), amount: minorUnits, median: minorUnits })),
        }),
        /** Set when the total is above 3 times the median of the funding account's last 50 executed batches. */
        unusual_total: z.object({ median: minorUnits }).nullable(),
        /** Payees that the workspace got to know on the day of the sealing. */
        first_seen_payees: z.number().int(),
      }),
    }),
  })
  .meta({ id: 'Challenge' });

export const openGate = z
  .strictObject({
    challenge_id: id('challenge'),
    /** Of an authenticator; or else `passkey`. */
    code: code.optional(),
    /** What `navigator.credentials.get` answered to the challenge's `passkey`; or else `code`. */
    passkey: assertion.optional(),
  })
  .check(({ value, issues }) => {
    if ((value.code === undefined) !== (value.passkey === undefined)) return;
    const message = value.code === undefined ? 'give a code, or the answer of a passkey' : 'give either a code or the answer of a passkey, not both';
    issues.push({ code: 'custom', input: value, path: [value.code === undefined ? 'code' : 'passkey'], message, params: { reason: 'one_of' } });
  });
