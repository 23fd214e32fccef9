import { randomUUID } from 'node:crypto';
import type { PgClient, SqlRunner } from '@rocketshop/pg';
import { bind, run } from '@rocketshop/pg';
import type { Pool } from 'pg';

const CREATE_INSTALLATION = `CREATE TABLE installation (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    id uuid NOT NULL
  )`;

/** For the `up` of a migration: the table that keeps this database's random id. */
export async function createInstallationTable(runner: SqlRunner): Promise<void> {
  await runner.query(CREATE_INSTALLATION);
}

/** For the `down` of a migration. */
export async function dropInstallationTable(runner: SqlRunner): Promise<void> {
  await runner.query('DROP TABLE installation');
}

/*
 * What every way to set a database back changes:
 *   a base backup, a copy of the files, a promoted standby   the server's start: none of them is possible while it runs
 *   drop and create, a template, a dump into a new database  the oid of the database
 *   a dump into the same database                            the oid of the table, or the transaction that wrote the row (xmin)
 *   a reset of the demo                                      the random id
 * All of it may be read by every role.
 */
const READ_STATE = {
  name: 'idempotency-read-state',
  text: `SELECT concat_ws('.', id, (SELECT oid FROM pg_database WHERE datname = current_database()), installation.tableoid,
           installation.xmin, extract(epoch FROM pg_postmaster_start_time())) AS state FROM installation`,
};

/** The first caller inserts the id. If the migration did it, databases cloned from one template would share the id. */
const INSERT_ID = {
  name: 'idempotency-insert-installation',
  text: 'INSERT INTO installation (id) VALUES ($1) ON CONFLICT DO NOTHING',
};

const RENEW_ID = {
  name: 'idempotency-renew-installation',
  text: `INSERT INTO installation (id) VALUES ($1) ON CONFLICT (only_row) DO UPDATE SET id = excluded.id`,
};

export interface DatabaseStateOptions {
  readonly pool: Pool;
  /** How long a state that was read is believed. No restore is quicker. */
  readonly believeMs: number;
}

/**
 * Names the state of a database, so that what was remembered of another state is never believed: a database that is restored from a
 * backup has lost commits, and a fact that was committed once may no longer be true.
 */
export class DatabaseState {
  private state: string | undefined;
  private readAt = -Infinity;
  private reading: Promise<string | undefined> | undefined;

  constructor(private readonly options: DatabaseStateOptions) {}

  /** @returns undefined when the database does not tell in time */
  async current(timeoutMs: number): Promise<string | undefined> {
    if (performance.now() - this.readAt < this.options.believeMs) return this.state;
    this.reading ??= this.read().finally(() => {
      this.reading = undefined;
    });
    return within(this.reading, timeoutMs);
  }

  /** Makes what was remembered worthless, in the transaction of `client` that deletes the data. */
  async renew(client: PgClient): Promise<void> {
    await run(client, bind(RENEW_ID, [randomUUID()]));
    this.readAt = -Infinity;
  }

  private async read(): Promise<string | undefined> {
    const begunAt = performance.now();
    try {
      this.state = (await this.select()) ?? (await this.insert());
      this.readAt = begunAt;
      return this.state;
    } catch {
      return undefined;
    }
  }

  private async select(): Promise<string | undefined> {
    const { rows } = await run(this.options.pool, bind<{ state: string }>(READ_STATE, []));
    return rows[0]?.state;
  }

  private async insert(): Promise<string | undefined> {
    await run(this.options.pool, bind(INSERT_ID, [randomUUID()]));
    return this.select();
  }
}

async function within<T>(promise: Promise<T>, limitMs: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), limitMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
