import type { Ask, ColumnShape, TableShape } from './catalog.js';

type Json = Record<string, unknown>;

/**
 * Gives a tenant a row of the table unless it has one: parents first, then values that satisfy types and checks, all read
 * from the catalog. `ask` runs in the tenant. Throws an Error that names the table when no such row can be made: then the
 * test has to make one by an operation.
 */
export const ensureRow = async (ask: Ask, tables: readonly TableShape[], table: TableShape, tenantId: string): Promise<void> => {
  const [found] = await ask(`SELECT FROM "${table.name}" WHERE tenant_id = $1 LIMIT 1`, [tenantId]);
  if (found) return;
  const row: Json = { tenant_id: tenantId };
  for (const key of table.foreignKeys) {
    const target = tables.find(({ name }) => name === key.target);
    if (!target) throw new Error(`${table.name} refers to ${key.target}, which is in another schema`);
    // A row that refers to its own table can come first only when it may refer to nothing.
    if (target === table) continue;
    if (target.isTenants) await ensureRow(ask, tables, target, tenantId);
    const parent = await parentOf(ask, target, key, row);
    if (!parent) throw new Error(`no row of ${target.name} fits a row of ${table.name}`);
    for (const [i, column] of key.columns.entries()) row[column] = parent[key.targets[i] ?? ''];
  }
  for (const group of groupsOf(table, row)) Object.assign(row, await valuesFor(ask, table, group, row));
  await insertRow(ask, table, row).catch((error: Error) => {
    throw new Error(`a sample row of ${table.name} is refused: ${error.message}`);
  });
};

/** Writes a row as it is; columns that it leaves out get their defaults. */
export const insertRow = async (ask: Ask, table: TableShape, row: Json): Promise<void> => {
  const columns = table.columns.filter(({ name, generated }) => name in row && !generated).map(({ name }) => `"${name}"`);
  await ask(
    `INSERT INTO "${table.name}" (${columns.join(', ')}) OVERRIDING SYSTEM VALUE
     SELECT ${columns.join(', ')} FROM jsonb_populate_record(NULL::"${table.name}", $1)`,
    [row],
  );
};

/** A row that the foreign key may refer to, given the columns that an earlier key has set. */
const parentOf = async (ask: Ask, target: TableShape, key: TableShape['foreignKeys'][number], row: Json): Promise<Json | undefined> => {
  const set = key.columns.flatMap((column, i) => (column in row ? [{ column: key.targets[i], value: row[column] }] : []));
  const where = set.map(({ column }, i) => `"${column}"::text = $${i + 1}`);
  const [found] = await ask<{ row: Json }>(
    `SELECT to_jsonb(t) AS row FROM "${target.name}" t ${where.length > 0 ? `WHERE ${where.join(' AND ')}` : ''} LIMIT 1`,
    set.map(({ value }) => value),
  );
  return found?.row;
};

/** Columns that need values together, because a check compares them. */
interface Group {
  columns: ColumnShape[];
  checks: TableShape['checks'];
}

const groupsOf = (table: TableShape, row: Json): Group[] => {
  const checked = table.checks.flatMap((check) => check.columns);
  let groups: Group[] = table.columns
    .filter(({ name, required, generated }) => !generated && (checked.includes(name) || (required && !(name in row))))
    .map((column) => ({ columns: [column], checks: [] }));
  for (const check of table.checks) {
    const touched = groups.filter(({ columns }) => columns.some(({ name }) => check.columns.includes(name)));
    const merged = { columns: touched.flatMap(({ columns }) => columns), checks: [...touched.flatMap(({ checks }) => checks), check] };
    groups = [...groups.filter((group) => !touched.includes(group)), merged];
  }
  return groups;
};

/** Lets Postgres find a combination of likely values that satisfies the checks of a group. */
const valuesFor = async (ask: Ask, table: TableShape, { columns, checks }: Group, row: Json): Promise<Json> => {
  const values: unknown[] = [];
  const sources = columns.map(({ name, type, required }) => {
    const known = name in row;
    if (known) values.push(row[name]);
    const likely = known ? [`$${values.length}::${type}`] : [...candidates(table.name, type, checks), ...(required ? [] : [`NULL::${type}`])];
    return `(VALUES ${likely.map((value) => `(${value})`).join(', ')}) AS "of ${name}" ("${name}")`;
  });
  const [found] = await ask<{ row: Json }>(
    `SELECT to_jsonb(found) AS row FROM (
       SELECT * FROM ${sources.join(', ')} WHERE ${['true', ...checks.map(({ expression }) => `(${expression}) IS NOT FALSE`)].join(' AND ')} LIMIT 1) found`,
    values,
  );
  if (!found) throw new Error(`${table.name}: no likely value satisfies ${checks.map(({ name }) => name).join(', ')}`);
  return found.row;
};

/** Values of a type, as SQL: those that the checks name, and a few more. */
const candidates = (table: string, type: string, checks: TableShape['checks']): string[] => {
  const expressions = checks.map(({ expression }) => expression).join(' ');
  const words = [...new Set([...expressions.matchAll(/'((?:[^']|'')*)'::text/g)].map(([, word]) => `'${word}'`))];
  const numbers = [...new Set([...expressions.matchAll(/\b\d{1,16}\b/g)].map(([number]) => BigInt(number)))];
  const sizes = numbers.filter((number) => number <= 4_096n);
  const cast = (...values: (string | bigint)[]) => values.map((value) => `(${value})::${type}`);
  if (type === 'uuid') return cast('gen_random_uuid()');
  if (type === 'text' || type.startsWith('character'))
    return cast(...words, "'a'", "'EUR'", "'https://example.com'", ...sizes.map((size) => `repeat('a', ${size})`));
  if (['smallint', 'integer', 'bigint', 'numeric', 'double precision', 'real'].includes(type))
    return cast('1', '0', ...numbers.flatMap((number) => [number, number + 1n, number - 1n]), '1000');
  if (type === 'boolean') return cast('true', 'false');
  if (type === 'bytea') return cast('sha256(gen_random_uuid()::text::bytea)', ...sizes.map((size) => `decode(repeat('ab', ${size}), 'hex')`));
  if (type.startsWith('timestamp') || type === 'date') return cast('now()', "now() + interval '1 day'", "now() - interval '1 day'");
  if (type === 'jsonb' || type === 'json') return cast("'{}'", "'[]'");
  if (type.endsWith('[]')) return cast("'{}'", ...words.map((word) => `ARRAY[${word}]`));
  throw new Error(`${table} has a column of type ${type}: say in test/harness/sample-row.ts what its values look like`);
};
