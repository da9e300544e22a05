export interface RailConnectionRow {
  id: string;
  rail: string;
  name: string;
  /** Not secret: base URL, endpoint, settlement mode. */
  settings: Record<string, string | number>;
  /** Sealed credentials: API key and webhook secret. */
  sealed: Uint8Array;
  disabledAt: Date | null;
}

export interface RailConnectionStore {
  get(id: string): Promise<RailConnectionRow | null>;
  /** The connection a new batch uses when it names only a rail. */
  forRail(rail: string): Promise<RailConnectionRow | null>;
}
