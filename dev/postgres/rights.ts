import pg from 'pg';

/** Group roles of the migrations (docs/adr/0004): four for processes; the others own the functions that see all tenants. */
export const PROCESSES = ['api', 'worker', 'relay', 'sequencer'] as const;
export type ProcessRole = (typeof PROCESSES)[number];

const FUNCTION_OWNERS = ['signin', 'outbox', 'sequencer', 'inbound', 'driver', 'ledger', 'idempotency', 'items', 'mail', 'operator'];
const GROUPS = [...PROCESSES.map((name) => `sluice_${name}`), ...FUNCTION_OWNERS.map((name) => `sluice_fn_${name}`)];
const VERSION_MIN = 150_000;
/** Since 16, a role with CREATEROLE controls only roles that it created or has ADMIN OPTION on. */
const VERSION_ADMIN_OPTION = 160_000;

interface Standing {
  version: number;
  me: string;
  database: string;
  makes: boolean;
  owns: boolean;
  foreign: string[];
}

/**
 * Throws an Error with the exact SQL to run when this role may not create the tables and roles of an installation. It needs
 * Postgres 15 or newer, CREATEROLE, ownership of the database, and since Postgres 16 ADMIN OPTION on the group roles that another
 * installation of the same cluster created.
 */
export const requireRights = async (client: pg.Client): Promise<void> => {
  const { rows } = await client.query<Standing>(
    `SELECT current_setting('server_version_num')::int AS version, current_user::text AS me, current_database()::text AS database,
       (SELECT rolcreaterole OR rolsuper FROM pg_roles WHERE rolname = current_user) AS makes,
       (SELECT pg_has_role(datdba, 'MEMBER') FROM pg_database WHERE datname = current_database()) AS owns,
       ARRAY(SELECT rolname::text FROM pg_roles WHERE rolname = ANY($1) AND NOT pg_has_role(oid, 'MEMBER WITH ADMIN OPTION') ORDER BY 1) AS foreign`,
    [GROUPS],
  );
  const [standing] = rows;
  if (!standing) throw new Error('Postgres did not return the rights of this role.');
  if (standing.version < VERSION_MIN)
    throw new Error(`Sluice needs Postgres 15 or newer; the one of DATABASE_URL is ${Math.trunc(standing.version / 10_000)}.`);
  const statements = fixesFor(standing);
  if (statements.length > 0)
    throw new Error(
      `The role ${standing.me} of DATABASE_URL may not set up Sluice in the database ${standing.database}. As a superuser, run:\n${statements.map((line) => `  ${line}`).join('\n')}\nthen start again.`,
    );
};

const fixesFor = ({ version, me, database, makes, owns, foreign }: Standing): string[] => {
  const role = pg.escapeIdentifier(me);
  return [
    ...(makes ? [] : [`ALTER ROLE ${role} CREATEROLE;`]),
    ...(owns ? [] : [`ALTER DATABASE ${pg.escapeIdentifier(database)} OWNER TO ${role};`]),
    ...(version >= VERSION_ADMIN_OPTION && foreign.length > 0 ? [`GRANT ${foreign.join(', ')} TO ${role} WITH ADMIN OPTION, INHERIT FALSE;`] : []),
  ];
};
