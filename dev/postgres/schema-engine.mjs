#!/usr/bin/env node
// Replaces Prisma's native `schema-engine` where that cannot be downloaded (docs/adr/0006). It has the same command line and the
// same JSON-RPC over standard input and output, and uses the engine that Prisma publishes as WebAssembly.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils';
import * as bindings from '@prisma/schema-engine-wasm/schema_engine_bg';
import pg from 'pg';
import { adapterFactory, connectionOf } from './engine-adapter.mjs';

/** Methods that Prisma's command line calls by another name than the engine's. */
const RENAMED = { getDatabaseVersion: 'version' };
/** SQLSTATE → Prisma's own code. */
const CONNECTION_PROBLEMS = { '3D000': 'P1003', '28P01': 'P1000', 28000: 'P1000', '42P04': 'P1009' };

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  strict: false,
  options: { datamodels: { type: 'string', multiple: true }, datasource: { type: 'string' }, version: { type: 'boolean' } },
});
const url = options.datasource ? JSON.parse(options.datasource).url : process.env.DATABASE_URL;

if (options.version) console.log('schema-engine-cli (WebAssembly)');
else if (positionals[0] === 'cli') process.exitCode = await manageDatabase(positionals[1]);
else serve();

/** `cli can-connect-to-database | create-database | drop-database`: the result is the exit code, and a line of JSON for an error. */
async function manageDatabase(command) {
  const { config } = connectionOf(url);
  const statement = { 'create-database': 'CREATE DATABASE', 'drop-database': 'DROP DATABASE' }[command];
  const client = new pg.Client(statement ? { ...config, database: 'postgres' } : config);
  try {
    await client.connect();
    if (statement) await client.query(`${statement} ${pg.escapeIdentifier(config.database)}`);
    return 0;
  } catch (error) {
    const fields = { message: error.message, error_code: CONNECTION_PROBLEMS[error.code] ?? 'P1001', is_panic: false };
    process.stderr.write(`\n${JSON.stringify({ level: 'ERROR', target: 'schema_engine::logger', fields })}\n`);
    return 1;
  } finally {
    await client.end().catch(() => {});
  }
}

/** Answers one request after the other until the input ends. */
async function serve() {
  const write = (message) => process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
  let engine;
  for await (const line of createInterface({ input: process.stdin })) {
    const { id, method, params } = JSON.parse(line);
    if (!method) continue;
    try {
      engine ??= await loadEngine();
      const result = await engine[RENAMED[method] ?? method](params);
      // The native engine prints a diff with a separate request.
      if (method === 'diff' && result?.stdout) write({ id: `print-${id}`, method: 'print', params: { content: result.stdout.trimEnd() } });
      write({ id, result: result ?? {} });
    } catch (error) {
      const data = {
        message: error?.message ?? String(error),
        error_code: error?.code ?? error?.error_code,
        is_panic: error?.name === 'RuntimeError',
        meta: error?.meta ?? null,
      };
      write({ id, error: { code: 4466, message: 'The schema engine refused; see data.', data } });
    }
  }
  process.exit(0);
}

async function loadEngine() {
  const file = createRequire(import.meta.url)
    .resolve('@prisma/schema-engine-wasm/schema_engine_bg')
    .replace(/\.js$/, '.wasm');
  const { instance } = await WebAssembly.instantiate(readFileSync(file), { './schema_engine_bg.js': bindings });
  bindings.__wbg_set_wasm(instance.exports);
  instance.exports.__wbindgen_start();
  globalThis.PRISMA_WASM_PANIC_REGISTRY = panicRegistry();
  const datamodels = options.datamodels?.map((path) => [path, readFileSync(path, 'utf8')]);
  const factory = adapterFactory(url ?? 'postgresql://localhost/none');
  return bindings.SchemaEngine.new({ datamodels }, () => {}, bindMigrationAwareSqlAdapterFactory(factory));
}

/** The engine leaves the message of a panic here. */
function panicRegistry() {
  let message = '';
  return {
    get: () => message,
    set_message: (text) => {
      message = text;
    },
  };
}
