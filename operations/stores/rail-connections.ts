import { bytes, columns, json, nullable, type Row, text, time, uuid } from './columns.js';

/** A configured account at a provider. */
export const RAIL_CONNECTION = columns({
  id: uuid('id'),
  rail: text('rail'),
  name: text('name'),
  /** Not secret: base URL, endpoint, settlement mode. */
  settings: json<Record<string, string | number>>()('settings'),
  /** API key and webhook secret, encrypted. */
  sealed: bytes('sealed'),
  disabledAt: nullable(time('disabled_at')),
});
export type RailConnectionRow = Row<typeof RAIL_CONNECTION>;

export interface RailConnectionStore {
  get(id: string): Promise<RailConnectionRow | null>;
  /** The rail connection of a new batch that names only a rail: the oldest one that is not disabled. */
  forRail(rail: string): Promise<RailConnectionRow | null>;
}
