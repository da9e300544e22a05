import type pg from 'pg';
import { GLOBAL_TABLES } from '../../db/global-tables.js';

/** Runs one statement and returns its rows. */
export type Ask = <Row extends pg.QueryResultRow>(sql: string, values?: unknown[]) => Promise<Row[]>;

export interface ColumnShape {
  name: string;
  /** As SQL writes it: `timestamp with time zone`. */
  type: string;
  required: boolean;
  /** The database computes it: nobody writes it. */
  generated: boolean;
}

/** A table as Postgres' own catalog describes it, so that tests know a new table without a line of their own. */
export interface TableShape {
  name: string;
  owner: string;
  /** It has a column `tenant_id` and is not on the list of global tables. */
  isTenants: boolean;
  rls: boolean;
  forced: boolean;
  /** The policy `tenant`, when it is permissive and for everybody and everything. */
  policy: { reads: string; writes: string } | null;
  /** A trigger refuses UPDATE, DELETE and TRUNCATE. */
  appendOnly: boolean;
  columns: ColumnShape[];
  checks: { name: string; expression: string; columns: string[] }[];
  foreignKeys: { name: string; columns: string[]; target: string; targets: string[] }[];
}

/** All tables of the schema `public`, by name; partitions lie in another one. */
export const readTables = (ask: Ask): Promise<TableShape[]> =>
  ask<TableShape & pg.QueryResultRow>(
    `SELECT c.relname AS name, c.relowner::regrole::text AS owner, c.relrowsecurity AS rls, c.relforcerowsecurity AS forced,
       NOT c.relname = ANY ($1) AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped) AS "isTenants",
       (SELECT json_build_object('reads', pg_get_expr(p.polqual, p.polrelid), 'writes', pg_get_expr(p.polwithcheck, p.polrelid)) FROM pg_policy p
         WHERE p.polrelid = c.oid AND p.polname = 'tenant' AND p.polpermissive AND p.polcmd = '*' AND p.polroles = '{0}') AS policy,
       EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid AND t.tgfoid = 'sluice_append_only()'::regprocedure AND t.tgenabled = 'O') AS "appendOnly",
       (SELECT json_agg(json_build_object('name', a.attname, 'type', format_type(a.atttypid, NULL), 'generated', a.attgenerated <> '',
           'required', a.attnotnull AND NOT a.atthasdef AND a.attidentity = '') ORDER BY a.attnum)
         FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns,
       (SELECT coalesce(json_agg(json_build_object('name', k.conname, 'expression', pg_get_expr(k.conbin, k.conrelid), 'columns', ${namesOf('k.conkey', 'k.conrelid')})), '[]')
         FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'c') AS checks,
       (SELECT coalesce(json_agg(json_build_object('name', k.conname, 'columns', ${namesOf('k.conkey', 'k.conrelid')},
           'target', t.relname, 'targets', ${namesOf('k.confkey', 'k.confrelid')}) ORDER BY k.conname), '[]')
         FROM pg_constraint k JOIN pg_class t ON t.oid = k.confrelid WHERE k.conrelid = c.oid AND k.contype = 'f' AND k.conparentid = 0) AS "foreignKeys"
     FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') ORDER BY 1`,
    [[...GLOBAL_TABLES]],
  );

const namesOf = (numbers: string, relation: string): string =>
  `ARRAY(SELECT a.attname FROM unnest(${numbers}) WITH ORDINALITY n(num, at) JOIN pg_attribute a ON a.attrelid = ${relation} AND a.attnum = n.num ORDER BY n.at)`;

/** What a migration has to say of a tenant-owned table. */
const fixOf = (name: string): string => `; its migration needs SELECT sluice_own_by_tenant('${name}')`;

/** One line for each tenant-owned table whose row-level security is not enabled and forced. */
export const withoutSecurity = (tables: readonly TableShape[]): string[] =>
  tables.flatMap(({ name, isTenants, rls, forced }) =>
    isTenants && !(rls && forced) ? [`${name}: row-level security is not ${rls ? 'forced' : 'enabled'}${fixOf(name)}`] : [],
  );

const ITS_OWN_ROWS = "(tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS \"nullif\"))";

/** One line for each tenant-owned table that does not have the one policy of all of them, on reading and on writing. */
export const withoutPolicy = (tables: readonly TableShape[]): string[] =>
  tables.flatMap(({ name, isTenants, policy }) => {
    if (!isTenants) return [];
    if (!policy) return [`${name}: it has no policy "tenant"${fixOf(name)}`];
    return policy.reads === ITS_OWN_ROWS && policy.writes === ITS_OWN_ROWS ? [] : [`${name}: its policy is ${policy.reads}, ${policy.writes}`];
  });
