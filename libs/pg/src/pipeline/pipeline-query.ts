import type { ClientBase, Connection, FieldDef, QueryResultRow, Submittable } from 'pg';
import type { BoundStatement, StatementResult } from '../statement.js';
import { PreparedStatements, readRow } from './prepared-statements.js';

type OnEnd = (error: Error | null, results: StatementResult[]) => void;

/**
 * Several statements behind one Sync: one write, one read, and one transaction by the protocol. After a statement that fails
 * the server skips the rest and rolls back all; the Sync commits.
 * https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-PIPELINING
 *
 * pg's own pipeline mode sends a Sync and a Describe with each query, and needs BEGIN and COMMIT as queries. A batch of three
 * statements costs the client 1.5 times the CPU that way, and PostgreSQL 1.15 times (README, "What it costs").
 *
 * pg hands this object the server's messages one by one, as it does with its own queries.
 */
export class PipelineQuery implements Submittable {
  /** Whether the messages were handed to the connection. Before that, the server has nothing to commit. */
  isSent = false;
  private readonly results: StatementResult[] = [];
  private prepared: PreparedStatements | undefined;
  private rows: QueryResultRow[] = [];
  /** The shape of an unnamed statement's rows; named statements have theirs in `prepared`. */
  private shape: ReturnType<PreparedStatements['shapeOf']>;
  private failure: Error | null = null;

  constructor(
    private readonly client: ClientBase,
    private readonly statements: readonly BoundStatement[],
    private readonly onEnd: OnEnd,
  ) {}

  /** @returns the reason why nothing was sent */
  submit(connection: Connection): Error | null {
    this.prepared = PreparedStatements.of(connection, this.client);
    try {
      const messages = this.prepared.encode(this.statements);
      if (!connection.stream.writable) return new Error('the connection is closed');
      this.isSent = true;
      connection.stream.write(messages);
      return null;
    } catch (error) {
      return toError(error);
    }
  }

  handleRowDescription({ fields }: { readonly fields: readonly FieldDef[] }): void {
    this.shape = this.prepared?.describe(this.current, fields);
  }

  handleDataRow({ fields }: { readonly fields: readonly (string | null)[] }): void {
    if (this.failure) return;
    const shape = this.shape ?? this.prepared?.shapeOf(this.current);
    try {
      if (shape) this.rows.push(readRow(shape, fields));
    } catch (error) {
      this.failure = toError(error);
    }
  }

  /** @param message its text is `INSERT 0 1` or `SELECT 5`: the last word is the number of rows */
  handleCommandComplete({ text }: { readonly text: string }): void {
    this.prepared?.ended(this.current);
    this.results.push({ rows: this.rows, rowCount: Number(text.slice(text.lastIndexOf(' ') + 1)) });
    this.rows = [];
    this.shape = undefined;
  }

  handleReadyForQuery(): void {
    this.onEnd(this.failure, this.results);
  }

  handleError(error: Error): void {
    this.prepared?.failedAt(this.statements.slice(this.results.length), error);
    this.onEnd(error, []);
  }

  /** Name of the statement whose messages arrive now. */
  private get current(): string {
    return this.statements[this.results.length]?.name ?? '';
  }
}

const toError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));
