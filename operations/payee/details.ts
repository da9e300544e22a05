import { parseDestination, type RawDestination, type SentTo } from '../../domain/destination.js';
import type { FieldError } from '../../domain/result.js';

/** How a payment names its payee: by id (a UUID), or inline by the caller's own reference with the payee's details. */
export interface PayeeInput {
  payee_id?: string | undefined;
  payee?: InlinePayee | undefined;
}

/** A new payee needs every detail except the type (`individual` by default). What a known payee's input leaves out stays as it is in the newest destination. */
export interface InlinePayee extends PayeeDetails {
  reference: string;
}

/** Details of a payee as a request or a CSV row gives them; the payee may be known already, so each may be left out. */
export interface PayeeDetails extends RawDestination {
  name?: string | undefined;
  payee_type?: 'individual' | 'company' | undefined;
  country?: string | undefined;
}

/** Does the input name a destination, complete or not? An empty text counts as left out. */
export const givesDestination = (details: RawDestination): boolean =>
  [details.iban, details.bic, details.routing_number, details.account_number, details.account_token].some(
    (value) => value !== undefined && value !== '',
  );

/** Does the input give anything that may differ from the payee's newest destination? */
export const givesDetails = (details: PayeeDetails): boolean =>
  details.name !== undefined || details.country !== undefined || details.payee_type !== undefined || givesDestination(details);

/** Does the input give all that a destination version holds, so that the newest one need not be opened? */
export const givesAllDetails = (details: PayeeDetails): boolean => details.name !== undefined && givesDestination(details);

/**
 * Name and destination of a known payee: from the input, and from `newest` where the input leaves them out. Country and type
 * belong to the payee, and only a correction changes them; another one is the error `country_differs` or `type_differs`.
 */
export const detailsOfKnown = (details: PayeeDetails, known: Pick<SentTo, 'payeeType' | 'country'>, newest: SentTo | null): Described => {
  if (details.country !== undefined && details.country !== known.country)
    return wrong(
      'country',
      'country_differs',
      'the payee is known in another country; correct the payee first, or give one in another country a reference of its own',
    );
  if (details.payee_type !== undefined && details.payee_type !== known.payeeType)
    return wrong(
      'payee_type',
      'type_differs',
      'the payee is known with another type; correct the payee first, or give one of another type a reference of its own',
    );
  return describe({ ...details, country: known.country, payee_type: known.payeeType }, newest);
};

/** Name, type, country and destination of a new payee. A detail that is left out is the error `required` or `one_destination`. */
export const detailsOfNew = (details: PayeeDetails): Described => describe(details, null);

export type Described = { sentTo: SentTo } | { errors: FieldError[] };

const describe = (details: PayeeDetails, newest: SentTo | null): Described => {
  const errors: FieldError[] = [];
  const name = details.name ?? newest?.name;
  if (name === undefined) errors.push(needed('name', 'a new payee needs a name'));
  if (details.country === undefined) errors.push(needed('country', 'a new payee needs a country, an ISO 3166-1 code such as DE'));
  const parsed = givesDestination(details) || !newest ? parseDestination(details) : { destination: newest.destination };
  if ('errors' in parsed) errors.push(...parsed.errors);
  if (errors.length > 0 || 'errors' in parsed || name === undefined || details.country === undefined) return { errors };
  return { sentTo: { name, payeeType: details.payee_type ?? 'individual', country: details.country, destination: parsed.destination } };
};

const needed = (field: string, message: string): FieldError => ({ field, reason: 'required', message });

const wrong = (field: string, reason: string, message: string): { errors: FieldError[] } => ({ errors: [{ field, reason, message }] });
