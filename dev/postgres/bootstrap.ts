import pg from 'pg';

const OWNER = 'sluice_owner';

/**
 * What the cluster's superuser is for: it makes the owner role, which is none, and gives it one database. Idempotent.
 * The passwords are hex, so that they need no quoting anywhere.
 */
export const bootstrapCluster = async (at: {
  port: number;
  superuser: string;
  password: string;
  ownerPassword: string;
  database: string;
}): Promise<string> => {
  const client = new pg.Client({ host: '127.0.0.1', port: at.port, user: at.superuser, password: at.password, database: 'postgres' });
  await client.connect();
  try {
    const role = await client.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [OWNER]);
    if (role.rowCount === 0)
      await client.query(`CREATE ROLE ${OWNER} LOGIN CREATEROLE CREATEDB NOSUPERUSER NOBYPASSRLS PASSWORD ${pg.escapeLiteral(at.ownerPassword)}`);
    const database = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [at.database]);
    if (database.rowCount === 0) await client.query(`CREATE DATABASE ${pg.escapeIdentifier(at.database)} OWNER ${OWNER}`);
  } finally {
    await client.end();
  }
  return `postgresql://${OWNER}:${at.ownerPassword}@127.0.0.1:${at.port}/${encodeURIComponent(at.database)}`;
};
