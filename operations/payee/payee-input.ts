import type { RawDestination } from '../../domain/destination.js';

/** How a payment names its payee: by id, or inline by the caller's own reference with what describes it. */
export interface PayeeInput {
  payee_id?: string | undefined;
  payee?: InlinePayee | undefined;
}

/** Of a new payee all is needed; of a known one what is left out stays as its newest destination has it. */
export interface InlinePayee extends RawDestination {
  reference: string;
  name?: string | undefined;
  payee_type?: 'individual' | 'company' | undefined;
  country?: string | undefined;
}
