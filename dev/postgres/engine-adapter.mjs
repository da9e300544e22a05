// The connection of Prisma's schema engine: adapter-pg, with three changes that migrations need.
import { randomUUID } from 'node:crypto';
import { PrismaPg } from '@prisma/adapter-pg';
import { ColumnTypeEnum } from '@prisma/driver-adapter-utils';
import pg from 'pg';

/** OIDs of the catalog's one-byte type `"char"`, which adapter-pg does not know, and of `bpchar`, which it knows. */
const ONE_BYTE_CHAR = 18;
const BLANK_PADDED_CHAR = 1042;

/**
 * A connection string as fields. A connection string would override `database`, and statements for the shadow database would go to
 * the real one.
 * @param {string} text
 */
export function connectionOf(text) {
  const url = new URL(text);
  const sslmode = url.searchParams.get('sslmode') ?? 'disable';
  return {
    schema: url.searchParams.get('schema') ?? undefined,
    config: {
      host: decodeURIComponent(url.hostname) || 'localhost',
      port: Number(url.port || 5432),
      user: decodeURIComponent(url.username),
      password: decodeURIComponent(url.password),
      database: decodeURIComponent(url.pathname.slice(1)),
      ssl: sslmode === 'disable' ? false : { rejectUnauthorized: sslmode.startsWith('verify') },
      max: 1,
    },
  };
}

/** @param {string} url */
export function adapterFactory(url) {
  const { config, schema } = connectionOf(url);
  const open = async (database) => adapt(await new PrismaPg({ ...config, database }, { schema }).connect());
  return {
    provider: 'postgres',
    adapterName: '@prisma/adapter-pg',
    connect: () => open(config.database),
    connectToShadowDb: () => openShadow(config, open),
  };
}

/** A database that exists only while the engine compares a schema with the result of the migrations. */
async function openShadow(config, open) {
  const name = `prisma_migrate_shadow_db_${randomUUID()}`;
  const maker = new pg.Client(config);
  await maker.connect();
  await maker.query(`CREATE DATABASE ${pg.escapeIdentifier(name)}`);
  const adapter = await open(name);
  const close = adapter.dispose.bind(adapter);
  adapter.dispose = async () => {
    await close();
    await maker.query(`DROP DATABASE IF EXISTS ${pg.escapeIdentifier(name)} WITH (FORCE)`);
    await maker.end();
  };
  return adapter;
}

function adapt(adapter) {
  // A script is sent as a whole, because splitting it at semicolons would break function bodies.
  adapter.executeScript = async (script) => {
    await adapter
      .underlyingDriver()
      .query(script)
      .catch((error) => adapter.onError(error));
  };

  const charColumns = new WeakMap();
  const perform = adapter.performIO.bind(adapter);
  adapter.performIO = async (query) => {
    const result = await perform(query);
    const columns = result.fields.flatMap((field, index) => (field.dataTypeID === ONE_BYTE_CHAR ? [index] : []));
    for (const index of columns) result.fields[index].dataTypeID = BLANK_PADDED_CHAR;
    charColumns.set(result.rows, columns);
    return result;
  };
  const read = adapter.queryRaw.bind(adapter);
  adapter.queryRaw = async (query) => {
    const answer = await read(query);
    for (const index of charColumns.get(answer.rows) ?? []) {
      answer.columnTypes[index] = ColumnTypeEnum.Character;
      // The zero byte arrives as an empty text, but the engine expects one character.
      for (const row of answer.rows) if (row[index] === '') row[index] = '\0';
    }
    return answer;
  };
  return adapter;
}
