import pg from 'pg';
import type { ClientBase, Connection, CustomTypesConfig, QueryResult, Submittable } from 'pg';
import type { BoundStatement } from './statement.js';

/** What pg's own Query has beside its typed interface: the client hands it the server's messages one by one. */
interface PgQuery extends Submittable {
  name: string;
  readonly text: string;
  /** The client sets the types of a query's result too, where it is handed a query that has none. */
  readonly _result: { _types: CustomTypesConfig };
  submit(connection: Connection): Error | null;
  handleRowDescription(message: unknown): void;
  handleDataRow(message: unknown): void;
  handleCommandComplete(message: unknown, connection: Connection): void;
  handleReadyForQuery(connection: Connection): void;
}

type PreparedNames = Record<string, string>;

interface ConnectionNames {
  readonly parsedStatements: PreparedNames;
  readonly submittedNamedStatements: PreparedNames;
}

type Outcome = (error: Error | null, results: QueryResult[]) => void;

/**
 * Several prepared statements behind one Sync: one write, one read, and by the protocol one transaction. The first that
 * fails lets the server skip the rest and roll back all; the Sync commits.
 * https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-PIPELINING
 *
 * pg's queries do the work: each writes its messages and reads its answers as ever, only the Syncs in between are left out.
 */
export class StatementBatch implements Submittable {
  /** Whether all was handed to the connection. Before that, the server has nothing that it could commit. */
  isSent = false;
  private readonly queries: readonly PgQuery[];
  private readonly results: QueryResult[] = [];
  private answered = 0;
  private failure: Error | null = null;

  constructor(
    client: ClientBase,
    statements: readonly BoundStatement[],
    private readonly onEnd: Outcome,
  ) {
    const types = { getTypeParser: client.getTypeParser.bind(client) } as CustomTypesConfig;
    const collect = (error: Error | undefined, result: QueryResult): void => this.collect(error, result);
    this.queries = statements.map(({ name, text, values }) => {
      // Given a configuration object, a query copies it by property descriptors, which costs more than all the rest of it.
      const query = new pg.Query(text, [...values], collect) as unknown as PgQuery;
      query.name = name;
      query._result._types = types;
      return query;
    });
  }

  /** Name and text of the statement whose messages arrive now: the client keeps by them what is prepared. */
  get name(): string | undefined {
    return this.queries[this.answered]?.name;
  }

  get text(): string | undefined {
    return this.queries[this.answered]?.text;
  }

  submit(connection: Connection): void {
    const withoutSync = new ConnectionWithoutSync(connection) as unknown as Connection;
    connection.stream.cork();
    try {
      for (const query of this.queries) {
        const error = query.submit(withoutSync) ?? this.failure;
        // A part is written already. Without its Sync the server never commits it, and it is gone with the connection.
        if (error) return void connection.stream.destroy(error);
      }
      connection.sync();
      this.isSent = true;
    } finally {
      connection.stream.uncork();
    }
  }

  handleRowDescription(message: unknown): void {
    this.queries[this.answered]?.handleRowDescription(message);
  }

  handleDataRow(message: unknown): void {
    this.queries[this.answered]?.handleDataRow(message);
  }

  handleCommandComplete(message: unknown, connection: Connection): void {
    this.queries[this.answered]?.handleCommandComplete(message, connection);
    this.answered++;
  }

  handleReadyForQuery(connection: Connection): void {
    for (const query of this.queries) query.handleReadyForQuery(connection);
    this.onEnd(this.failure, this.results);
  }

  handleError(error: Error, connection: Connection | null): void {
    // The server skipped what came after the failure, so those were not prepared, whatever was submitted.
    const submitted = (connection as ConnectionNames | null)?.submittedNamedStatements;
    if (submitted) for (const { name } of this.queries.slice(this.answered)) delete submitted[name];
    this.onEnd(error, []);
  }

  private collect(error: Error | undefined, result: QueryResult): void {
    if (error) this.failure ??= error;
    else this.results.push(result);
  }
}

/** What pg's queries use of a connection. Their Syncs are left out; all else is passed on. */
class ConnectionWithoutSync {
  readonly stream: Connection['stream'];
  readonly parsedStatements: PreparedNames;
  readonly submittedNamedStatements: PreparedNames;

  constructor(private readonly connection: Connection) {
    const { parsedStatements, submittedNamedStatements } = connection as unknown as ConnectionNames;
    this.stream = connection.stream;
    this.parsedStatements = parsedStatements;
    this.submittedNamedStatements = submittedNamedStatements;
  }

  parse(...message: Parameters<Connection['parse']>): void {
    this.connection.parse(...message);
  }

  bind(...message: Parameters<Connection['bind']>): void {
    this.connection.bind(...message);
  }

  describe(...message: Parameters<Connection['describe']>): void {
    this.connection.describe(...message);
  }

  execute(...message: Parameters<Connection['execute']>): void {
    this.connection.execute(...message);
  }

  close(...message: Parameters<Connection['close']>): void {
    this.connection.close(...message);
  }

  sync(): void {
    // One for all of them follows.
  }
}
