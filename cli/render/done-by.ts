import type { ResponseOf } from '../../client/types.js';

type Hold = NonNullable<ResponseOf<'show_payee'>['hold']>;

/** A person with their roles and the API key they used, if they did: `Ada Lovelace (preparer), key import`. */
export const whoText = (by: Hold['held_by']): string | null =>
  by && `${by.name} (${by.roles.join(', ')})${by.api_key === null ? '' : `, key ${by.api_key.name}`}`;
