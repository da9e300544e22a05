import { expect, test } from '@jest/globals';
import { RowPlaces } from '../../operations/intake/row-places.js';

test('rows are found by their ordinals, after empty rows and cells with line ends too', () => {
  const noted = [{ row: 2 }, { row: 3 }, { row: 6 }, { row: 7, line: 8 }, { row: 8, line: 9 }, { row: 12, line: 15 }];
  const places = new RowPlaces();
  for (const [ordinal, place] of noted.entries()) places.add(ordinal, place);
  expect(noted.map((_, ordinal) => places.at(ordinal))).toEqual(noted.map((place) => ({ field: 'row', ...place })));
});
