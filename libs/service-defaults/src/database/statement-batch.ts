import type { ClientBase, Connection, FieldDef, QueryResultRow, Submittable } from 'pg';
import { PreparedStatements } from './prepared-statements.js';
import type { BoundStatement, StatementResult } from './statement.js';

type Outcome = (error: Error | null, results: StatementResult[]) => void;

/**
 * Several prepared statements behind one Sync: one write, one read, and by the protocol one transaction. The first that
 * fails lets the server skip the rest and roll back all; the Sync commits.
 * https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-PIPELINING
 *
 * The client hands it the server's messages one by one, as it does with pg's own queries, of which each would send a Sync,
 * and ask anew what its rows look like.
 */
export class StatementBatch implements Submittable {
  /** Whether it was handed to the connection. Before that, the server has nothing that it could commit. */
  isSent = false;
  private readonly results: StatementResult[] = [];
  private prepared: PreparedStatements | undefined;
  private rows: QueryResultRow[] = [];
  private failure: Error | null = null;

  constructor(
    private readonly client: ClientBase,
    private readonly statements: readonly BoundStatement[],
    private readonly onEnd: Outcome,
  ) {}

  /** Name and text of the statement whose messages arrive now: the client keeps by them what is prepared. */
  get name(): string | undefined {
    return this.statements[this.results.length]?.name;
  }

  get text(): string | undefined {
    return this.statements[this.results.length]?.text;
  }

  /** @returns why nothing was sent */
  submit(connection: Connection): Error | null {
    this.prepared = PreparedStatements.of(connection, this.client);
    try {
      const messages = this.prepared.encode(this.statements);
      if (!connection.stream.writable) return new Error('the connection is closed');
      this.isSent = true;
      connection.stream.write(messages);
      return null;
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  }

  handleRowDescription({ fields }: { readonly fields: readonly FieldDef[] }): void {
    if (this.name !== undefined) this.prepared?.describe(this.name, fields);
  }

  handleDataRow({ fields }: { readonly fields: readonly (string | null)[] }): void {
    if (this.failure || this.name === undefined || !this.prepared) return;
    try {
      this.rows.push(this.prepared.readRow(this.name, fields));
    } catch (error) {
      this.failure = error instanceof Error ? error : new Error(String(error));
    }
  }

  /** @param message its text is `INSERT 0 1`, `SELECT 5`: the last word is how many rows */
  handleCommandComplete({ text }: { readonly text: string }): void {
    if (this.name !== undefined) this.prepared?.ended(this.name);
    this.results.push({ rows: this.rows, rowCount: Number(text.slice(text.lastIndexOf(' ') + 1)) });
    this.rows = [];
  }

  handleReadyForQuery(): void {
    this.onEnd(this.failure, this.results);
  }

  handleError(error: Error): void {
    this.prepared?.forgetSubmitted(this.statements.slice(this.results.length));
    this.onEnd(error, []);
  }
}
