import type { Client } from '../client/client.js';
import type { ResponseOf } from '../client/types.js';
import { DOUBT_KINDS, waitingStates } from '../domain/exceptions.js';
import { fromItemId, fromWireId, toItemId } from '../domain/ids.js';
import { PROPOSAL_ITEMS_MAX } from '../domain/proposal.js';
import { EXIT, Failure } from './failure.js';
import { itemIdOf } from './find-item.js';
import type { NamedItem } from './references.js';
import type { FullException, ShownItem } from './render/exception.js';

/** The largest page of a list. */
const PAGE = 200;

type ExceptionItem = ResponseOf<'list_exception_items'>['data'][number];

/** What a proposal would be about: what is sent, and what people are shown of it. */
export interface ProposedItems {
  /** Undefined: all that are open, or the exception as a whole. */
  items: { id: string; provider_reference?: string }[] | undefined;
  shown: ShownItem[];
}

/** The items that people named, each once and in doubt in this exception, with payees and amounts; without names all that are in doubt. */
export const proposedItems = async (client: Client, exception: FullException, named: readonly NamedItem[] | undefined): Promise<ProposedItems> => {
  const { batch_id: batchId } = exception;
  if (batchId === null || !DOUBT_KINDS.includes(exception.kind)) {
    if (named) throw new Failure(EXIT.usage, 'This exception ends as a whole; leave --items and --references out.');
    return { items: undefined, shown: [] };
  }
  if (!named) return { items: undefined, shown: (await openItems(client, exception)).slice(0, PROPOSAL_ITEMS_MAX) };
  const byId = new Map<string, NamedItem>();
  for (const item of named) {
    const id = itemIdOf(batchId, item.name);
    const earlier = byId.get(id);
    if (earlier) throw new Failure(EXIT.usage, `${item.place}: item ${item.name} is named at ${earlier.place} already; name each item once.`);
    byId.set(id, item);
  }
  const open = new Map((await openItems(client, exception, [...byId.keys()])).map((item) => [item.id, item]));
  const shown = [...byId].map(([id, item]): ShownItem => {
    const found = open.get(id);
    if (!found)
      throw new Failure(
        EXIT.usage,
        `${item.place}: item ${item.name} is not in doubt in this exception; name only items that nobody has settled.`,
        `sluice exceptions items ${exception.id} --open`,
      );
    return { ...found, provider_reference: item.provider_reference ?? null };
  });
  const items = [...byId].map(([id, { provider_reference: reference }]) => ({
    id,
    ...(reference === undefined ? {} : { provider_reference: reference }),
  }));
  return { items, shown };
};

/** Refuses two lists of the same items that are not the same: nobody knows which of them is meant. */
export const refuseOtherItems = (batchId: string | null, inFile: readonly NamedItem[], inFlag: readonly NamedItem[]): void => {
  const idOf = ({ name }: NamedItem): string => (batchId === null ? name : itemIdOf(batchId, name));
  const [file, flag] = [new Set(inFile.map(idOf)), new Set(inFlag.map(idOf))];
  const without = (items: readonly NamedItem[], others: ReadonlySet<string>): string[] =>
    items.filter((item) => !others.has(idOf(item))).map(({ name }) => name);
  const [onlyInFile, onlyInFlag] = [without(inFile, flag), without(inFlag, file)];
  if (onlyInFile.length + onlyInFlag.length === 0) return;
  const parts = [
    ...(onlyInFile.length > 0 ? [`only the file names ${listed(onlyInFile)}`] : []),
    ...(onlyInFlag.length > 0 ? [`only --items names ${listed(onlyInFlag)}`] : []),
  ];
  throw new Failure(EXIT.usage, `--items and --references name different items: ${parts.join(', ')}. Leave --items out; the file says which items.`);
};

const NAMES_SHOWN = 5;
const listed = (names: readonly string[]): string =>
  `${names.slice(0, NAMES_SHOWN).join(', ')}${names.length > NAMES_SHOWN ? ` and ${names.length - NAMES_SHOWN} more` : ''}`;

/** The items that are in doubt, by ordinal: up to as many as one proposal takes, or those between the first and the last that are asked for. */
const openItems = async (client: Client, { id, kind, batch_id: batchId }: FullException, wanted?: readonly string[]): Promise<ExceptionItem[]> => {
  const ordinals = wanted?.flatMap((item) => fromItemId(item)?.ordinal ?? []).sort((a, b) => a - b);
  const [least = 0, last = Number.POSITIVE_INFINITY] = ordinals ? [ordinals[0], ordinals.at(-1)] : [];
  const batch = batchId === null ? null : fromWireId('batch', batchId);
  const items: ExceptionItem[] = [];
  let after = batch === null || least === 0 ? undefined : toItemId(batch, least - 1);
  for (let more = true; more && (wanted !== undefined || items.length < PROPOSAL_ITEMS_MAX); ) {
    const page = await client.list_exception_items({ exception_id: id, state: 'open', limit: PAGE, starting_after: after });
    items.push(...page.data.filter(({ state }) => waitingStates(kind).includes(state)));
    more = page.has_more && (page.data.at(-1)?.ordinal ?? last) < last;
    after = page.next_cursor ?? undefined;
  }
  return items;
};

/** All items of a proposal as the server has them. */
export const itemsOfProposal = async (client: Client, { id, item_count }: { id: string; item_count: number }): Promise<ShownItem[]> => {
  const items: ShownItem[] = [];
  let after: string | undefined;
  for (let more = item_count > 0; more; ) {
    const page = await client.list_proposal_items({ proposal_id: id, limit: PAGE, starting_after: after });
    items.push(...page.data);
    more = page.has_more;
    after = page.next_cursor ?? undefined;
  }
  return items;
};
