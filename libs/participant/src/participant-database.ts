import type { BoundStatement, Deadline, PgClient, StatementResult, TransactionScope } from '@rocketshop/pg';
import type { QueryResultRow } from 'pg';

/** What a participant needs of its database. `Database` of @rocketshop/service-defaults fits. */
export interface ParticipantDatabase {
  transaction<T>(work: (client: PgClient, scope: TransactionScope) => Promise<T>): Promise<T>;
  /** One transaction for a list of statements: a batch, a pipeline, or a plain transaction with `runAll`. */
  batch(statements: readonly BoundStatement[], options: Deadline): Promise<unknown>;
  /** One statement outside of a transaction. */
  query<Row extends QueryResultRow>(statement: BoundStatement<Row>): Promise<StatementResult<Row>>;
}

/** Sends what the outbox holds. `OutboxRelay` of @rocketshop/outbox fits. */
export interface AnswerRelay {
  wake(): void;
}
