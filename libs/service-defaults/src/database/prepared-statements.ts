import pg from 'pg';
import type { ClientBase, Connection, FieldDef, QueryResultRow } from 'pg';
import { serialize } from 'pg-protocol';
import type { BoundStatement } from './statement.js';

/** What pg keeps of each connection: its own queries and ours must not prepare the same name twice. */
interface ConnectionNames {
  readonly parsedStatements: Record<string, string>;
  readonly submittedNamedStatements: Record<string, string>;
}

/** pg's conversion of a value into what goes over the wire; exported by pg, but not in its types. */
const { prepareValue } = (pg as unknown as { readonly utils: { prepareValue(this: void, value: unknown): unknown } })
  .utils;

/** How to read a statement's rows. */
interface RowShape {
  readonly names: readonly string[];
  readonly parsers: readonly ((text: string) => unknown)[];
}

const NO_ROWS: RowShape = { names: [], parsers: [] };

/**
 * The named statements of one connection: which of them it has prepared, and what their rows look like. The server holds a
 * prepared statement to the columns it had at first ("cached plan must not change result type"), so it has to describe them once.
 */
export class PreparedStatements {
  private static readonly ofConnections = new WeakMap<Connection, PreparedStatements>();
  private readonly names: ConnectionNames;
  private readonly shapes = new Map<string, RowShape>();

  private constructor(
    connection: Connection,
    private readonly client: ClientBase,
  ) {
    this.names = connection as unknown as ConnectionNames;
  }

  static of(connection: Connection, client: ClientBase): PreparedStatements {
    let statements = PreparedStatements.ofConnections.get(connection);
    if (!statements)
      PreparedStatements.ofConnections.set(connection, (statements = new PreparedStatements(connection, client)));
    return statements;
  }

  /**
   * The messages that run `statements`, all in one buffer behind one Sync. From now on those that were new count as submitted.
   * @throws when one of them cannot be sent: then none of them counts
   */
  encode(statements: readonly BoundStatement[]): Buffer {
    const messages: Buffer[] = [];
    const submitted = new Set<string>();
    const described = new Set<string>();
    for (const { name, text, values } of statements) {
      if (!submitted.has(name) && !this.isPrepared(name, text)) {
        messages.push(serialize.parse({ name, text }));
        submitted.add(name);
      }
      messages.push(serialize.bind({ statement: name, values: values as unknown[], valueMapper: prepareValue }));
      if (!this.shapes.has(name) && !described.has(name)) {
        messages.push(serialize.describe({ type: 'P' }));
        described.add(name);
      }
      messages.push(serialize.execute());
    }
    messages.push(serialize.sync());
    for (const { name, text } of statements) if (submitted.has(name)) this.names.submittedNamedStatements[name] = text;
    return Buffer.concat(messages);
  }

  /** The server skipped these, after one that failed. */
  forgetSubmitted(statements: readonly BoundStatement[]): void {
    for (const { name } of statements) delete this.names.submittedNamedStatements[name];
  }

  describe(name: string, fields: readonly FieldDef[]): void {
    const parsers = fields.map(
      ({ dataTypeID }) => this.client.getTypeParser(dataTypeID, 'text') as (text: string) => unknown,
    );
    this.shapes.set(name, { names: fields.map((field) => field.name), parsers });
  }

  /** After a statement's end: one that was not described until now has no rows, as the server has said by NoData. */
  ended(name: string): void {
    if (!this.shapes.has(name)) this.shapes.set(name, NO_ROWS);
  }

  readRow(name: string, values: readonly (string | null)[]): QueryResultRow {
    const { names, parsers } = this.shapes.get(name) ?? NO_ROWS;
    const row: QueryResultRow = {};
    for (const [index, column] of names.entries()) {
      const text = values[index] ?? null;
      row[column] = text === null ? null : parsers[index]?.(text);
    }
    return row;
  }

  private isPrepared(name: string, text: string): boolean {
    const { parsedStatements, submittedNamedStatements } = this.names;
    const known = parsedStatements[name] ?? submittedNamedStatements[name];
    if (known !== undefined && known !== text) throw new Error(`two statements are called ${name}`);
    return known !== undefined;
  }
}
