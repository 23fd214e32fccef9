import pg from 'pg';
import type { ClientBase, Connection, FieldDef, QueryResultRow } from 'pg';
import { serialize } from 'pg-protocol';
import type { BoundStatement } from '../statement.js';

/**
 * pg's conversion of a value into what is sent. pg exports it, but not in its types. This is the only thing of pg that this
 * library uses and that pg does not document; pg-internals.spec.ts fails when pg changes it.
 */
export const { prepareValue } = (
  pg as unknown as { readonly utils: { prepareValue(this: void, value: unknown): unknown } }
).utils;

/** SQLSTATEs of a prepared statement that PostgreSQL refuses: a migration changed its columns, or the session forgot it. */
const STALE_PLANS = new Set(['0A000', '26000']);

/** True when the statement must be prepared again. Its transaction is rolled back. */
export const isStalePlan = (error: unknown): boolean =>
  error instanceof pg.DatabaseError && STALE_PLANS.has(error.code ?? '');

/** How to read a statement's rows. */
interface RowShape {
  readonly names: readonly string[];
  readonly parsers: readonly ((text: string) => unknown)[];
}

/**
 * The statements that pipelines have prepared on one connection, and what their rows look like. The server describes the rows
 * of a prepared statement once: it refuses the statement when its columns change ("cached plan must not change result type").
 * All statements are then prepared again, since a migration may have changed more of them.
 * Queries of pg itself must not prepare the same names on this connection; pools of the batcher run nothing else.
 */
export class PreparedStatements {
  private static readonly ofConnections = new WeakMap<Connection, PreparedStatements>();
  /** Text by name. */
  private readonly texts = new Map<string, string>();
  private readonly shapes = new Map<string, RowShape>();
  /** Statements of which nobody knows whether the server has prepared them: a pipeline failed at them, or before. */
  private readonly uncertain = new Set<string>();

  private constructor(private readonly client: ClientBase) {}

  static of(connection: Connection, client: ClientBase): PreparedStatements {
    let statements = PreparedStatements.ofConnections.get(connection);
    if (!statements) PreparedStatements.ofConnections.set(connection, (statements = new PreparedStatements(client)));
    return statements;
  }

  /**
   * The messages that run `statements`: all of them in one buffer, behind one Sync. Statements that were new count as prepared
   * from now on.
   * @throws when one of the statements cannot be sent: then none of them counts as prepared
   */
  encode(statements: readonly BoundStatement[]): Buffer {
    const messages: Buffer[] = [];
    const parsed = new Map<string, string>();
    const described = new Set<string>();
    for (const { name, text, values } of statements) {
      if (this.needsParse(parsed, name, text)) {
        // Closing a statement that does not exist is no error; preparing one that exists is.
        if (this.uncertain.has(name)) messages.push(serialize.close({ type: 'S', name }));
        messages.push(serialize.parse({ name, text }));
        parsed.set(name, text);
      }
      messages.push(serialize.bind({ statement: name, values: values as unknown[], valueMapper: prepareValue }));
      if (name === '' || (!this.shapes.has(name) && !described.has(name))) {
        messages.push(serialize.describe({ type: 'P' }));
        described.add(name);
      }
      messages.push(serialize.execute());
    }
    messages.push(serialize.sync());
    parsed.delete('');
    for (const [name, text] of parsed) {
      this.texts.set(name, text);
      this.uncertain.delete(name);
    }
    return Buffer.concat(messages);
  }

  /** The first of these statements failed, and the server skipped the others. */
  failedAt(statements: readonly BoundStatement[], error: Error): void {
    if (isStalePlan(error)) this.forgetAll();
    for (const { name } of statements) {
      if (name === '' || this.shapes.has(name)) continue;
      this.texts.delete(name);
      this.uncertain.add(name);
    }
  }

  describe(name: string, fields: readonly FieldDef[]): RowShape {
    const parsers = fields.map(
      ({ dataTypeID }) => this.client.getTypeParser(dataTypeID, 'text') as (text: string) => unknown,
    );
    const shape = { names: fields.map((field) => field.name), parsers };
    if (name !== '') this.shapes.set(name, shape);
    return shape;
  }

  /** After the end of a statement. A statement that was not described until now has no rows: the server answered NoData. */
  ended(name: string): void {
    if (name !== '' && !this.shapes.has(name)) this.shapes.set(name, { names: [], parsers: [] });
  }

  shapeOf(name: string): RowShape | undefined {
    return this.shapes.get(name);
  }

  private forgetAll(): void {
    for (const name of this.texts.keys()) this.uncertain.add(name);
    this.texts.clear();
    this.shapes.clear();
  }

  private needsParse(parsed: ReadonlyMap<string, string>, name: string, text: string): boolean {
    if (name === '') return true;
    const known = parsed.get(name) ?? this.texts.get(name);
    if (known !== undefined && known !== text) throw new Error(`two statements are called ${name}`);
    return known === undefined;
  }
}

/** @param values the columns of one row, as text */
export function readRow({ names, parsers }: RowShape, values: readonly (string | null)[]): QueryResultRow {
  const row: QueryResultRow = {};
  for (const [index, column] of names.entries()) {
    const text = values[index] ?? null;
    row[column] = text === null ? null : parsers[index]?.(text);
  }
  return row;
}
