import type { ClientBase } from 'pg';

/*
 * A database as SQL text: functions, tables with rows, constraints, indexes and triggers of the schema public, in the order in which they can be
 * created. The npm package's PostgreSQL has no pg_dump. Rows are JSON that PostgreSQL itself writes and reads, so that no value
 * passes a JavaScript number.
 */

interface Column {
  readonly name: string;
  readonly type: string;
  readonly required: boolean;
  readonly identity: boolean;
  readonly generated: boolean;
  readonly expression: string | null;
}

const TABLES = `SELECT relname AS name, array_to_string(reloptions, ', ') AS options
  FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY relname`;
const COLUMNS = `SELECT attname AS name, format_type(atttypid, atttypmod) AS type, attnotnull AS required,
    attidentity <> '' AS identity, attgenerated <> '' AS generated, pg_get_expr(adbin, adrelid) AS expression
  FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
  WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum`;
const FUNCTIONS = `SELECT pg_get_functiondef(oid) AS sql FROM pg_proc WHERE pronamespace = 'public'::regnamespace ORDER BY proname`;
// Foreign keys come last: they need the primary keys of other tables.
const CONSTRAINTS = `SELECT format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) AS sql
  FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype IN ('p', 'u', 'c', 'f')
  ORDER BY array_position(ARRAY['p', 'u', 'c', 'f'], contype::text), conname`;
const INDEXES = `SELECT indexdef AS sql FROM pg_indexes WHERE schemaname = 'public' AND NOT EXISTS (
    SELECT FROM pg_constraint WHERE conindid = format('%I', indexname)::regclass) ORDER BY indexname`;

const TRIGGERS = `SELECT pg_get_triggerdef(oid) AS sql FROM pg_trigger
  WHERE NOT tgisinternal AND tgrelid::regclass::text NOT LIKE 'pg_%' ORDER BY tgname`;

/** @returns statements that {@link writeDatabase} runs in an empty database */
export async function readDatabase(client: ClientBase): Promise<string> {
  const statements = await textOf(client, FUNCTIONS);
  const { rows: tables } = await client.query<{ name: string; options: string | null }>(TABLES);
  for (const { name, options } of tables) {
    const { rows: columns } = await client.query<Column>(COLUMNS, [name]);
    const suffix = options ? ` WITH (${options})` : '';
    statements.push(`CREATE TABLE ${name} (\n  ${columns.map(definitionOf).join(',\n  ')}\n)${suffix}`);
    statements.push(...(await rowsOf(client, name, columns)));
  }
  statements.push(...(await textOf(client, CONSTRAINTS)), ...(await textOf(client, INDEXES)));
  statements.push(...(await textOf(client, TRIGGERS)));
  return statements.map((statement) => `${statement};\n`).join('');
}

async function textOf(client: ClientBase, query: string): Promise<string[]> {
  const { rows } = await client.query<{ sql: string }>(query);
  return rows.map(({ sql }) => sql.trimEnd());
}

function definitionOf({ name, type, required, identity, generated, expression }: Column): string {
  // A column of the type `serial` is an integer whose default is a sequence of its own.
  if (expression?.startsWith('nextval(')) return `${name} serial`;
  const value = identity
    ? ' GENERATED ALWAYS AS IDENTITY'
    : generated
      ? ` GENERATED ALWAYS AS (${expression}) STORED`
      : expression === null
        ? ''
        : ` DEFAULT ${expression}`;
  return `${name} ${type}${required ? ' NOT NULL' : ''}${value}`;
}

async function rowsOf(client: ClientBase, table: string, columns: readonly Column[]): Promise<string[]> {
  const written = columns.filter(({ generated }) => !generated).map(({ name }) => name);
  const { rows } = await client.query<{ line: string }>(
    `SELECT row_to_json(r)::text AS line FROM ${table} r ORDER BY 1`,
  );
  if (rows.length === 0) return [];
  const json = client.escapeLiteral(`[${rows.map(({ line }) => line).join(',\n')}]`);
  const names = written.join(', ');
  const insert = `INSERT INTO ${table} (${names}) OVERRIDING SYSTEM VALUE
SELECT ${names} FROM json_populate_recordset(NULL::${table}, ${json})`;
  const counted = columns.filter(({ identity, expression }) => identity || expression?.startsWith('nextval('));
  const counters = counted.map(
    ({ name }) => `SELECT setval(pg_get_serial_sequence('${table}', '${name}'), (SELECT max(${name}) FROM ${table}))`,
  );
  return [insert, ...counters];
}

/** Runs the text of {@link readDatabase}, and moves every instant in it by `shiftMs`. */
export async function writeDatabase(client: ClientBase, sql: string, shiftMs: number): Promise<void> {
  await client.query(sql);
  const { rows } = await client.query<{ table: string; column: string }>(
    `SELECT table_name AS table, column_name AS column FROM information_schema.columns
     WHERE table_schema = 'public' AND data_type = 'timestamp with time zone'`,
  );
  for (const { table, column } of rows) {
    await client.query(
      `UPDATE ${table} SET ${column} = ${column} + $1 * interval '1 millisecond' WHERE isfinite(${column})`,
      [shiftMs],
    );
  }
}
