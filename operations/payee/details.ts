import { parseDestination, type RawDestination, type SentTo } from '../../domain/destination.js';
import { type FieldError, textErrors } from '../../domain/result.js';

/** What is said about a payee; what is left out may be known already. */
export interface PayeeDetails extends RawDestination {
  name?: string | undefined;
  payee_type?: 'individual' | 'company' | undefined;
  country?: string | undefined;
}

export const givesDestination = (details: RawDestination): boolean =>
  [details.iban, details.bic, details.routing_number, details.account_number, details.account_token].some(
    (value) => value !== undefined && value !== '',
  );

/** Does it say anything that its newest destination could differ in? */
export const saysMore = (details: PayeeDetails): boolean => details.name !== undefined || details.country !== undefined || givesDestination(details);

/** Does it say all that its newest destination holds? */
export const saysAll = (details: PayeeDetails): boolean => details.name !== undefined && givesDestination(details);

/** What details come to for a payee that is known: country and type are the payee's own, and never change. */
export const detailsOfKnown = (details: PayeeDetails, known: Pick<SentTo, 'payeeType' | 'country'>, newest: SentTo | null): Described => {
  if (details.country !== undefined && details.country !== known.country)
    return wrong('country', 'country_differs', 'a payee keeps its country; give one in another country a reference of its own');
  return describe({ ...details, country: known.country, payee_type: known.payeeType }, newest);
};

/** What details come to for a payee that is new: all of them are needed. */
export const detailsOfNew = (details: PayeeDetails): Described => describe(details, null);

export type Described = { sentTo: SentTo } | { errors: FieldError[] };

const describe = (details: PayeeDetails, newest: SentTo | null): Described => {
  const errors: FieldError[] = [];
  const name = details.name ?? newest?.name;
  if (name === undefined || name.trim() === '') errors.push(needed('name', 'a new payee needs a name'));
  else errors.push(...textErrors('name', name));
  if (details.country === undefined) errors.push(needed('country', 'a new payee needs a country, an ISO 3166-1 code such as DE'));
  const parsed = givesDestination(details) || !newest ? parseDestination(details) : { destination: newest.destination };
  if ('errors' in parsed) errors.push(...parsed.errors);
  if (errors.length > 0 || 'errors' in parsed || name === undefined || details.country === undefined) return { errors };
  return { sentTo: { name, payeeType: details.payee_type ?? 'individual', country: details.country, destination: parsed.destination } };
};

const needed = (field: string, message: string): FieldError => ({ field, reason: 'required', message });

const wrong = (field: string, reason: string, message: string): { errors: FieldError[] } => ({ errors: [{ field, reason, message }] });
