import { bytes, columns, int, json, nullable, type Row, text, time, uuid } from './columns.js';

/** A configured account at a provider, in one version of its settings. */
const CONNECTION = {
  id: uuid('id'),
  rail: text('rail'),
  name: text('name'),
  /** API key and webhook secret, encrypted. */
  sealed: bytes('sealed'),
  /** From then on nothing new is sent through it. Lookups and webhooks go on. */
  disabledAt: nullable(time('disabled_at')),
} as const;
export const RAIL_CONNECTION = columns(CONNECTION);

export const RAIL_CONNECTION_VERSION = columns({
  version: int('version'),
  /** Not secret: base URL, endpoint, settlement mode. */
  settings: json<RailSettings>()('settings'),
});
export type RailSettings = Record<string, string | number>;
export type RailConnectionRow = Row<typeof RAIL_CONNECTION> & Row<typeof RAIL_CONNECTION_VERSION>;

export interface RailConnectionStore {
  /** In a version of its settings, or in the newest one. */
  get(id: string, version?: number): Promise<RailConnectionRow | null>;
  /** The rail connection of a new batch that names only a rail: the oldest one that is not disabled, in its newest version. */
  forRail(rail: string): Promise<RailConnectionRow | null>;
}
