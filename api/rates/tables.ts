import { RATES, type RateChanges, type RateTable, withRates } from '../../domain/rates.js';

/** The limits in force: the table of the domain as this installation changes it, and of some workspaces (by UUID) as it changes it for them. */
export const rateTables = (changes: RateChanges, ofWorkspaces: ReadonlyMap<string, RateChanges>): ((tenantId: string | null) => RateTable) => {
  const everybody = withRates(RATES, changes);
  const own = new Map([...ofWorkspaces].map(([tenantId, theirs]) => [tenantId, withRates(everybody, theirs)]));
  return (tenantId) => (tenantId === null ? everybody : (own.get(tenantId) ?? everybody));
};
