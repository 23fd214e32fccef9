import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import type { PostgresServer } from './postgres.js';
import { repositoryRoot } from './processes.js';

/** One service's database, with the two roles that it has in containers too. */
export interface ServiceDatabase {
  /** For the running service, which may read and write rows. */
  readonly url: string;
  /** For the owner of the tables, who migrates. */
  readonly ownerUrl: string;
}

/**
 * The passwords only keep other users of this machine away from the loopback port. They are no secrets, but they look random,
 * so that a service without DEMO_DATA accepts them.
 */
const passwordOf = (role: string) => createHash('sha256').update(`testkit ${role}`).digest('hex').slice(0, 24);

export function serviceDatabase(server: PostgresServer, name: string): ServiceDatabase {
  const urlFor = (role: string) => server.url(name, role, passwordOf(role));
  return { url: urlFor(name), ownerUrl: urlFor(ownerOf(name)) };
}

/** Creates an empty database `name` and its roles. The grants are those that PostgreSQL's container gets. */
export async function createServiceDatabase(server: PostgresServer, name: string): Promise<ServiceDatabase> {
  for (const role of [name, ownerOf(name)]) await server.createUser(role, passwordOf(role));
  await server.createDatabase(name, { owner: ownerOf(name) });
  await grant(server, name);
  return serviceDatabase(server, name);
}

/**
 * Gives the two roles their rights in a database that exists, for example in one of an older version, whose tables belong to
 * the service's role.
 */
export async function grant(server: PostgresServer, name: string): Promise<void> {
  const client = new pg.Client({ connectionString: server.url(name) });
  await client.connect();
  try {
    const names: Readonly<Record<string, string>> = { database: name, service: name, owner: ownerOf(name) };
    const sql = readFileSync(join(repositoryRoot, 'docker/postgres/grants.sql'), 'utf8');
    // The file has psql's variables, since psql runs it in the container.
    await client.query(
      sql.replaceAll(/:"(\w+)"/g, (_text, variable: string) => client.escapeIdentifier(names[variable] ?? '')),
    );
    // A story that creates a table or a trigger does so as superuser, and the service meets it.
    await client.query(
      `ALTER DEFAULT PRIVILEGES GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO ${client.escapeIdentifier(name)}`,
    );
    await client.query(`ALTER DEFAULT PRIVILEGES GRANT USAGE ON SEQUENCES TO ${client.escapeIdentifier(name)}`);
  } finally {
    await client.end();
  }
}

const ownerOf = (name: string) => `${name}_owner`;
