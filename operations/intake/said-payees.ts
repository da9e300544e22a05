import type { FieldError } from '../../domain/result.js';
import { SeenDigests, wordAt } from './seen-digests.js';

/** What one payment says of its payee. */
export interface Said {
  reference: string;
  /** The workspace does not know the payee yet. */
  isNew: boolean;
  name: string | undefined;
  country: string | undefined;
  payeeType: 'individual' | 'company' | undefined;
  /** A digest of the account that it names; null when it names none, or a wrong one. */
  account: Uint8Array | null;
  /** The field of the account that it names, right or wrong; null when it names none. */
  accountField: string | null;
}

/** How errors speak of payments. */
export interface Spoken {
  /** Of one, by its number: `row 7`. */
  at: (number: number) => string;
  /** Of several: `rows`. */
  many: string;
}

/** Words of an entry: number of the first payment, flags, country, account (2), number of the first that gives a name, name (2). */
const WORDS = 8;
const [NUMBER, FLAGS, COUNTRY, ACCOUNT, NAMED, NAME] = [0, 1, 2, 3, 5, 6];
const [IS_NEW, NAMES_ACCOUNT, COMPANY] = [1, 2, 4];
const SMALLEST = 1 << 10;

/**
 * What the payments of one batch have said of their payees so far, so that all of them agree: a batch pays a payee to one account, and gives
 * it one name, country and type. Takes about 75 bytes a payee, all in typed arrays.
 */
export class SaidPayees {
  readonly #places = new SeenDigests();
  #entries = new Uint32Array(SMALLEST * WORDS);
  readonly #sha256: (bytes: Uint8Array) => Uint8Array;
  readonly #spoken: Spoken;

  constructor(sha256: (bytes: Uint8Array) => Uint8Array, spoken: Spoken) {
    this.#sha256 = sha256;
    this.#spoken = spoken;
  }

  /**
   * The errors of a payment, by bare member names: `errors`, which it has by itself, without what an earlier payment of a new payee fills
   * in, and where it says otherwise than an earlier one. The first payment without errors is remembered. Numbers begin at 1.
   */
  hear(said: Said, number: number, errors: readonly FieldError[]): FieldError[] {
    const digest = this.#digest(said.reference);
    const place = this.#places.find(digest);
    const entry = place === null ? null : this.#entry(place);
    if (!entry) {
      if (errors.length === 0) this.#remember(digest, said, number);
      return [...errors];
    }
    // The earlier payment was checked as one of a new payee, and this one is not: comparing them would miss what differs.
    if (hasFlag(entry, IS_NEW) !== said.isNew) return errors.length > 0 ? [...errors] : [MADE_MEANWHILE];
    const left = said.isNew ? errors.filter((error) => !isFilledIn(error, said)) : [...errors];
    left.push(...this.#differences(said, entry));
    if (left.length === 0 && said.name !== undefined && entry[NAMED] === 0) this.#name(entry, said.name, number);
    return left;
  }

  #differences(said: Said, entry: Uint32Array): FieldError[] {
    const first = this.#spoken.at(entry[NUMBER] ?? 0);
    const errors: FieldError[] = [];
    if (said.name !== undefined && entry[NAMED] !== 0 && !isAt(entry, NAME, this.#digest(said.name)))
      errors.push(nameDiffers(this.#spoken.at(entry[NAMED] ?? 0)));
    if (said.isNew && said.country !== undefined && codeOf(said.country) !== entry[COUNTRY])
      errors.push(differs('country', 'country_differs', `${first} gives this payee the country ${countryAt(entry)}; a payee has one`));
    const company = hasFlag(entry, COMPANY);
    if (said.isNew && said.payeeType !== undefined && (said.payeeType === 'company') !== company)
      errors.push(
        differs(
          'payee_type',
          'type_differs',
          `by ${first} this payee is ${company ? 'a company' : 'an individual, the default'}; a payee has one type`,
        ),
      );
    const account = this.#accountError(said, entry, first);
    return account ? [...errors, account] : errors;
  }

  /**
   * Compares what payments name with each other, never with what is stored: else the answer would tell whoever guesses an account number
   * whether it is the payee's.
   */
  #accountError({ isNew, account, accountField }: Said, entry: Uint32Array, first: string): FieldError | null {
    const named = hasFlag(entry, NAMES_ACCOUNT);
    const both = `write the account in all ${this.#spoken.many} of the payee, or in none`;
    if (accountField === null)
      return named && !isNew
        ? differs('destination', 'account_left_out', `${first} names an account of this payee, and this names none; ${both}`)
        : null;
    if (!account) return null;
    if (!named) return differs(accountField, 'account_left_out', `${first} names no account of this payee, and this names one; ${both}`);
    if (isAt(entry, ACCOUNT, account)) return null;
    const fix = 'a batch pays a payee to one account: make two batches, or correct one of the two';
    return differs(accountField, 'other_account', `${first} pays this payee to another account; ${fix}`);
  }

  #remember(digest: Uint8Array, said: Said, number: number): void {
    const place = this.#places.add(digest, this.#places.size) ?? this.#places.size - 1;
    if ((place + 1) * WORDS > this.#entries.length) {
      const entries = new Uint32Array(this.#entries.length * 2);
      entries.set(this.#entries);
      this.#entries = entries;
    }
    const entry = this.#entry(place).fill(0);
    entry[NUMBER] = number;
    entry[FLAGS] = (said.isNew ? IS_NEW : 0) | (said.accountField === null ? 0 : NAMES_ACCOUNT) | (said.payeeType === 'company' ? COMPANY : 0);
    entry[COUNTRY] = codeOf(said.country ?? '');
    if (said.account) setAt(entry, ACCOUNT, said.account);
    if (said.name !== undefined) this.#name(entry, said.name, number);
  }

  #name(entry: Uint32Array, name: string, number: number): void {
    entry[NAMED] = number;
    setAt(entry, NAME, this.#digest(name));
  }

  #entry(place: number): Uint32Array {
    return this.#entries.subarray(place * WORDS, (place + 1) * WORDS);
  }

  #digest(text: string): Uint8Array {
    return this.#sha256(encoder.encode(text));
  }
}

const encoder = new TextEncoder();

/** An error of a new payee that is none when an earlier payment described it: what is left out is filled in. */
const isFilledIn = ({ reason }: FieldError, { accountField }: Said): boolean =>
  reason === 'required' || (reason === 'one_destination' && accountField === null);

const nameDiffers = (earlier: string): FieldError =>
  differs('name', 'name_differs', `${earlier} names this payee otherwise; correct one of the two, or give each a reference of its own`);

const differs = (field: string, reason: string, message: string): FieldError => ({ field, reason, message });

const MADE_MEANWHILE = differs('reference', 'made_meanwhile', 'another request made this payee meanwhile; send the file again');

const hasFlag = (entry: Uint32Array, flag: number): boolean => ((entry[FLAGS] ?? 0) & flag) !== 0;
const isAt = (entry: Uint32Array, at: number, digest: Uint8Array): boolean => entry[at] === wordAt(digest, 0) && entry[at + 1] === wordAt(digest, 4);
const setAt = (entry: Uint32Array, at: number, digest: Uint8Array): void => entry.set([wordAt(digest, 0), wordAt(digest, 4)], at);

const codeOf = (country: string): number => (country.charCodeAt(0) << 8) | country.charCodeAt(1);
const countryAt = (entry: Uint32Array): string => String.fromCharCode((entry[COUNTRY] ?? 0) >> 8, (entry[COUNTRY] ?? 0) & 0xff);
