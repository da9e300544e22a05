import type { z } from 'zod';
import type { ROUTES, RouteId } from '../../contracts/routes.js';

type BodyOf<Id extends RouteId> = (typeof ROUTES)[Id] extends { body: infer Body extends z.ZodType } ? z.input<Body> : never;
type WithBody = { [Id in RouteId]: BodyOf<Id> extends never ? never : Id }[RouteId];

const CHALLENGE = 'challenge_0198c2aa7c1e7b3d9f10a4c2e6b80d11';
const gate = { challenge_id: CHALLENGE, code: '123456' };

/** One example body per route, for readers of the document. A test parses each by its contract. */
export const BODY_EXAMPLES: { [Id in WithBody]: BodyOf<Id> } = {
  create_session: { email: 'approver@sluice.example', password: 'the password of this person', code: '123456' },
  create_api_key: { name: 'payout service', scopes: ['batches.create', 'batches.read'] },
  create_payee: { reference: 'creator-1042', name: 'Ada Example', country: 'DE', iban: 'DE89370400440532013000' },
  add_destination: { iban: 'DE89370400440532013000' },
  create_payout_batch: {
    currency: 'EUR',
    rail: 'sandbox',
    external_id: 'june-2026',
    items: [
      {
        payee: { reference: 'creator-1042', name: 'Ada Example', country: 'DE', iban: 'DE89370400440532013000' },
        amount: 125_00,
        reference: 'June 2026',
      },
    ],
  },
  edit_payout_batch: { exclude: ['item_0198c2aa7c1e7b3d9f10a4c2e6b80d1100000003'] },
  ask_challenge: { gate: 'approve' },
  approve_payout_batch: gate,
  authorize_payout_batch: gate,
  execute_payout_batch: gate,
  reject_payout_batch: { reason: 'The total is not what the campaign earned.' },
  cancel_payout_batch: { reason: 'Sent again as june-2026-b.' },
  pause_payout_batch: { reason: 'The provider announced maintenance.' },
  top_up: { amount: 100_000_00 },
};
