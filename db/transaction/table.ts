import type { Column, Columns, Row, SqlType } from '../../operations/stores/columns.js';
import { Prisma } from '../../prisma/generated/client.js';

/** What the driver and the ORM give for a type of column. */
interface Stored {
  uuid: string;
  text: string;
  int: number;
  bigint: bigint;
  step: bigint;
  bytea: Uint8Array;
  timestamptz: Date;
  boolean: boolean;
  jsonb: unknown;
  'text[]': string[];
  'bytea[]': Uint8Array[];
}

/**
 * Every column must be in the generated type too, with the same type, and nullable in both or in neither. The generated type of JSON
 * includes null always, so a JSON column may be non-null here.
 */
type Checked<Map extends Columns, Generated> = {
  [Member in keyof Map]: Map[Member] extends Column<infer Value, infer Name, infer Type>
    ? Name extends keyof Generated
      ? NonNullable<Generated[Name]> extends Stored[Type]
        ? [null extends Value ? true : false, null extends Generated[Name] ? true : false, Type] extends
            | [true, true, Type]
            | [false, false, Type]
            | [false, true, 'jsonb']
          ? Map[Member]
          : `${Name} is null in one of the two only`
        : `${Name} is of another type`
      : `the table has no column ${Name}`
    : never;
};

/** Members whose columns JSON can carry: all but bytes. */
type InJson<Map extends Columns> = { [Member in keyof Map]: Map[Member]['type'] extends 'bytea' | 'bytea[]' ? never : Member }[keyof Map];

/**
 * Columns as the first places of a JSON array. Many rows in one JSON text cost the driver far less than a value for each column
 * of each row. Numbers have to be safe integers.
 */
export interface JsonPlaces<Part> {
  /** What goes into `json_build_array(…)`: `i.ordinal, i.amount`. */
  list: Prisma.Sql;
  /** How many places they take. */
  count: number;
  /** The part of a row that such an array holds. */
  row(places: readonly unknown[]): Part;
}

type Name<Of> = Of extends Column<infer _Value, infer Name extends string> ? Name : never;
type Written<Of, Value> =
  Of extends Column<infer _Value, string, infer Type extends SqlType>
    ? (Type extends 'bytea' ? Uint8Array<ArrayBuffer> : Type extends 'jsonb' ? Prisma.InputJsonValue : Stored[Type]) | Extract<Value, null>
    : never;

export interface Table<Map extends Columns> {
  /** The columns for a SELECT list: `h.id, h.amount`, or without an alias `id, amount`. */
  list(alias?: string): Prisma.Sql;
  /** Some columns for an INSERT. */
  names(members: readonly (keyof Map)[]): Prisma.Sql;
  /** Rows as arrays, one for each column: `unnest($1::uuid[], $2::bigint[])`. */
  unnest<Member extends keyof Map>(members: readonly Member[], rows: readonly Pick<Row<Map>, Member>[]): Prisma.Sql;
  /** One row for an INSERT: `$1::uuid, $2::bigint`. */
  values<Member extends keyof Map>(members: readonly Member[], row: Pick<Row<Map>, Member>): Prisma.Sql;
  /** What an UPDATE adds to columns that count: `paid = paid + $1`. Null when every delta is zero. */
  added(deltas: Partial<Row<Map>>): Prisma.Sql | null;
  /** What SQL or the ORM gave, as a row. */
  row(stored: object): Row<Map>;
  /** For a join of tables that share column names: the SELECT list `b.id AS "b.id"`, and how its answer becomes a row. */
  joined(alias: string): { list: Prisma.Sql; row(stored: object): Row<Map> };
  /** These columns, or all but bytes, as places of a JSON array. */
  json<Member extends InJson<Map> = InJson<Map>>(alias: string, members?: readonly Member[]): JsonPlaces<Pick<Row<Map>, Member>>;
  /** A row or a part of one, as the ORM writes it. */
  stored<Part extends Partial<Row<Map>>>(part: Part): { [Member in keyof Part & keyof Map as Name<Map[Member]>]: Written<Map[Member], Part[Member]> };
}

/** Reads and writes the rows of one table by the map of its noun, checked against the ORM's type of the table: `tableOf<hold>()(HOLD)`. */
export const tableOf =
  <Generated>() =>
  <Map extends Columns>(map: Map & Checked<Map, Generated>): Table<Map> => {
    const entries = Object.entries<Column<unknown>>(map as Columns);
    const readers = (prefix: string) => entries.map(([member, { name, type }]) => [member, `${prefix}${name}`, type === 'step'] as const);
    const rowBy = (read: ReturnType<typeof readers>) => (stored: object) => {
      const row: Record<string, unknown> = {};
      for (const [member, name, isStep] of read) {
        const value = (stored as Record<string, unknown>)[name];
        row[member] = isStep && value !== null ? Number(value) : value;
      }
      return row as Row<Map>;
    };
    const named = (members: readonly (keyof Map)[]) => members.map((member) => columnOf(map, member));
    return {
      list: (alias) => Prisma.raw(entries.map(([, { name }]) => (alias ? `${alias}.${name}` : name)).join(', ')),
      names: (members) =>
        Prisma.raw(
          named(members)
            .map(({ name }) => name)
            .join(', '),
        ),
      unnest: (members, rows) =>
        Prisma.sql`unnest(${Prisma.join(
          named(members).map(({ type }, i) => {
            const member = members[i] as keyof Row<Map>;
            return Prisma.sql`${arrayOf(
              type,
              rows.map((row) => row[member as never]),
            )}::${Prisma.raw(castOf(type))}[]`;
          }),
        )})`,
      values: (members, row) =>
        Prisma.join(
          named(members).map(({ type }, i) => {
            const value = row[members[i] as never] as unknown;
            return Prisma.sql`${type === 'jsonb' ? JSON.stringify(value) : value}::${Prisma.raw(castOf(type))}`;
          }),
        ),
      added: (deltas) => {
        const sums = entries.flatMap(([member, { name }]) => {
          const delta = deltas[member as keyof Row<Map>];
          return delta ? [Prisma.sql`${Prisma.raw(name)} = ${Prisma.raw(name)} + ${delta}`] : [];
        });
        return sums.length === 0 ? null : Prisma.join(sums);
      },
      row: rowBy(readers('')),
      joined: (alias) => ({
        list: Prisma.raw(entries.map(([, { name }]) => `${alias}.${name} AS "${alias}.${name}"`).join(', ')),
        row: rowBy(readers(`${alias}.`)),
      }),
      json: (alias, members) => {
        const chosen = members ?? entries.filter(([, { type }]) => type !== 'bytea' && type !== 'bytea[]').map(([member]) => member);
        const places = named(chosen).map(({ name, type }, i) => ({ member: chosen[i] as string, name, decode: fromJson[type] }));
        return {
          list: Prisma.raw(places.map(({ name }) => `${alias}.${name}`).join(', ')),
          count: places.length,
          row: (values) => {
            const row: Record<string, unknown> = {};
            let place = 0;
            for (const { member, decode } of places) {
              const value = values[place++];
              row[member] = decode && value !== null ? decode(value as never) : value;
            }
            return row as never;
          },
        };
      },
      stored: (part) => {
        const stored: Record<string, unknown> = {};
        for (const [member, value] of Object.entries(part)) {
          const { name, type } = columnOf(map, member);
          if (value !== undefined) stored[name] = type === 'step' && value !== null ? BigInt(value as number) : value;
        }
        return stored as never;
      },
    };
  };

/** Types that JSON carries as something else. */
const fromJson: { readonly [Type in SqlType]?: (value: never) => unknown } = {
  bigint: (value: number) => BigInt(value),
  timestamptz: (value: string) => new Date(value),
};

const castOf = (type: SqlType): string => (type === 'step' ? 'bigint' : type);

/** The text of an array of numbers or UUIDs in Postgres. The driver would search each of them for characters to escape. */
export const arrayText = (values: readonly (number | bigint | string | null)[]): string => `{${values.map((value) => value ?? 'NULL').join(',')}}`;

const BYTEA_OID = 17;

/**
 * An array of bytes in Postgres' binary form: dimensions, whether there are nulls, type of the elements, their number, the first index; then
 * each element behind its length. The driver sends a Buffer as it is. As text, each byte would be two digits that both sides parse.
 */
const bytesArray = (values: readonly (Uint8Array | null)[]): Buffer => {
  const size = values.reduce((sum, bytes) => sum + 4 + (bytes?.length ?? 0), 20);
  const array = Buffer.allocUnsafe(size);
  for (const [place, header] of [1, values.includes(null) ? 1 : 0, BYTEA_OID, values.length, 1].entries()) array.writeInt32BE(header, place * 4);
  let at = 20;
  for (const bytes of values) {
    at = array.writeInt32BE(bytes ? bytes.length : -1, at);
    if (!bytes) continue;
    array.set(bytes, at);
    at += bytes.length;
  }
  return array;
};

const arrayOf = (type: SqlType, values: readonly unknown[]): unknown => {
  if (type === 'bytea') return values.length === 0 ? '{}' : bytesArray(values as (Uint8Array | null)[]);
  return type === 'int' || type === 'bigint' || type === 'step' || type === 'uuid'
    ? arrayText(values as (number | bigint | string | null)[])
    : values;
};

const columnOf = (map: Columns, member: PropertyKey): Column<unknown> => {
  const column = Object.hasOwn(map, member) ? map[member as string] : undefined;
  if (!column) throw new Error(`the map of this table has no ${String(member)}`);
  return column;
};
