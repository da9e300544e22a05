import type { ProposedItem } from '../../domain/proposal.js';
import type { Stores } from '../ports.js';

/**
 * Which of these items have a reference of the provider that stands for another item of the batch, and for which one: the provider said so,
 * or a proposal that stands does. A provider names each payment otherwise.
 */
export const sharedReferences = async (
  stores: Stores,
  batchId: string,
  items: readonly Pick<ProposedItem, 'ordinal' | 'providerReference'>[],
): Promise<Map<number, number>> => {
  const references = items.flatMap(({ providerReference }) => providerReference ?? []);
  const given = references.length === 0 ? [] : await stores.proposals.referencesGiven(batchId, references);
  const holders = new Map<string, number[]>();
  for (const { ordinal, providerReference } of given) {
    const known = holders.get(providerReference);
    if (known) known.push(ordinal);
    else holders.set(providerReference, [ordinal]);
  }
  return new Map(
    items.flatMap(({ ordinal, providerReference }): [number, number][] => {
      const other = providerReference === null ? undefined : holders.get(providerReference)?.find((holder) => holder !== ordinal);
      return other === undefined ? [] : [[ordinal, other]];
    }),
  );
};
