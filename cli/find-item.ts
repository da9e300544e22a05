import { fromItemId, fromWireId, toItemId } from '../domain/ids.js';
import { EXIT, Failure } from './failure.js';

const NUMBER = /^#?(\d{1,10})$/;
const NUMBER_MAX = 2 ** 31 - 1;

/** Whether a text names an item: by its number in the batch, or by its id. */
export const isItemName = (name: string): boolean => Number(NUMBER.exec(name)?.[1] ?? Number.NaN) <= NUMBER_MAX || fromItemId(name) !== null;

/** The id of an item of a batch, from that id itself or from its number in the batch: `12` or `#12`. */
export const itemIdOf = (batchId: string, name: string): string => {
  const number = Number(NUMBER.exec(name)?.[1] ?? Number.NaN);
  const batch = fromWireId('batch', batchId);
  if (batch !== null && number <= NUMBER_MAX) return toItemId(batch, number);
  if (fromItemId(name) === null)
    throw new Failure(
      EXIT.usage,
      `${name} names no item: give its number, such as 12 or '#12', or its id (item_…).`,
      `sluice batch items ${batchId}`,
    );
  return name;
};
