/**
 * Columns of a table: each is written once, in the map of its noun, with the name that code uses, the name in SQL and its
 * type. Row types come from the map, and so do SELECT lists, mappers and set-based inserts (`db/transaction/table.ts`),
 * which check it against the generated types of the ORM.
 */
export interface Column<Value, Name extends string = string, Type extends SqlType = SqlType> {
  readonly name: Name;
  readonly type: Type;
  /** For the compiler alone: what a row holds. */
  readonly value?: (value: Value) => Value;
}

/** Types of columns, as SQL casts call them; `step` is a bigint that is read as a number, for it never outgrows one. */
export type SqlType = 'uuid' | 'text' | 'int' | 'bigint' | 'step' | 'bytea' | 'timestamptz' | 'boolean' | 'jsonb' | 'text[]' | 'bytea[]';

// biome-ignore lint/suspicious/noExplicitAny: any value, in a position that is both read and written
export type Columns = Readonly<Record<string, Column<any>>>;

/** A row as code sees it. */
export type Row<Map extends Columns> = { -readonly [Member in keyof Map]: Map[Member] extends Column<infer Value> ? Value : never };

export const columns = <const Map extends Columns>(map: Map): Map => map;

/** The members of a map, in its order. */
export const membersOf = <Map extends Columns>(map: Map): readonly (keyof Map)[] => Object.keys(map);

const column =
  <Type extends SqlType>(type: Type) =>
  <Value>() =>
  <const Name extends string>(name: Name): Column<Value, Name, Type> => ({ name, type });

export const uuid = column('uuid')<string>();
export const text = column('text')<string>();
export const int = column('int')<number>();
export const bigint = column('bigint')<bigint>();
export const step = column('step')<number>();
export const bytes = column('bytea')<Uint8Array>();
/** Several byte strings: `bytea[]`. */
export const byteStrings = column('bytea[]')<Uint8Array[]>();
export const time = column('timestamptz')<Date>();
export const flag = column('boolean')<boolean>();

/** A text that holds one of a few words: `oneOf<ItemState>()('state')`. */
export const oneOf = column('text');
/** JSON of a known shape: `json<Actor>()('actor')`. */
export const json = column('jsonb');
/** Texts of a known set: `texts<Permission[]>()('scopes')`. */
export const texts = column('text[]');

export const nullable = <Value, const Name extends string, Type extends SqlType>(
  of: Column<Value, Name, Type>,
): Column<Value | null, Name, Type> => ({ name: of.name, type: of.type });
