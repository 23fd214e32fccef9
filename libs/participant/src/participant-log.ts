import { bind } from '@rocketshop/pg';
import type { BoundStatement, SqlRunner, Statement } from '@rocketshop/pg';

/*
 * The success log has one row for an order, or for an order and an item. Deduct and undo compete for the one key:
 *   no row -> DEDUCTED   the deduct was first. An undo finds the row and gives back, once
 *   no row -> FENCED     the undo was first. A deduct that comes later is refused for ever
 * A row never goes from one outcome to the other.
 */
export type LogOutcome = 'DEDUCTED' | 'FENCED';

/** A value of a column, as pg sends and reads it. */
export type ColumnValue = string | number | bigint | null;

/** The columns of a row that the service has chosen: the item's, where there is one, and those that tell what was taken. */
export type LogColumns = Readonly<Record<string, ColumnValue>>;

export interface ParticipantLogOptions {
  /** `stock` names the tables stock_success_log and stock_compensation_log. */
  readonly name: string;
  /** The column that is part of the key beside order_id, and its SQL type. Left out where an order has one row. */
  readonly item?: Readonly<Record<string, string>>;
  /** The columns that tell what was taken, and their SQL types. */
  readonly taken: Readonly<Record<string, string>>;
  /** How an error names a second deduct of one order that takes something else, such as "another coupon". */
  readonly another: string;
}

/** A row of the success log. A FENCED row has taken nothing: its `taken` columns are null. */
export type LogRow<Columns extends LogColumns> = Columns & {
  readonly outcome: LogOutcome;
  /** Whether any undo has given back what this row took. */
  readonly compensated: boolean;
};

/** The two log tables of one participant: their migration and their statements. */
export class ParticipantLog<Columns extends LogColumns> {
  readonly successTable: string;
  readonly compensationTable: string;
  readonly another: string;
  private readonly items: readonly string[];
  /** The columns of the success log's key, for SQL. */
  private readonly key: string;
  private readonly columns: readonly string[];
  private readonly claimStatement: Statement & { readonly columnar: true };
  private readonly fenceStatement: Statement;
  private readonly compensateStatement: Statement;

  constructor(private readonly options: ParticipantLogOptions) {
    const { name, item = {}, taken } = options;
    this.successTable = `${name}_success_log`;
    this.compensationTable = `${name}_compensation_log`;
    this.another = options.another;
    this.items = Object.keys(item);
    this.columns = [...this.items, ...Object.keys(taken)];
    const key = ['order_id', ...this.items].join(', ');
    this.key = key;
    const types = [...Object.values(item), ...Object.values(taken)];
    const arrays = (list: readonly string[]) => list.map((type, index) => `$${index + 1}::${type}[]`).join(', ');
    this.claimStatement = {
      name: `${name}-claim-deduct`,
      columnar: true,
      // Sorted, so that two transactions wait for each other in one direction. Fewer rows than lines: an order was seen before.
      text: `WITH claimed AS (
          INSERT INTO ${this.successTable} (${['order_id', ...this.columns].join(', ')}, outcome)
          SELECT line.*, 'DEDUCTED' FROM unnest(${arrays(['uuid', ...types])}) AS line (${['order_id', ...this.columns].join(', ')})
          ORDER BY ${key} ON CONFLICT DO NOTHING RETURNING order_id)
        SELECT refuse_unless(count(*) = cardinality($1::uuid[]), 'SEEN_BEFORE') FROM claimed`,
    };
    this.fenceStatement = {
      name: `${name}-fence`,
      text: `INSERT INTO ${this.successTable} (${key}, outcome)
        SELECT line.*, 'FENCED' FROM unnest(${arrays(['uuid', ...Object.values(item)])}) AS line (${key})
        ORDER BY ${key} ON CONFLICT DO NOTHING`,
    };
    const compensation = ['order_id', 'kind', ...this.columns];
    this.compensateStatement = {
      name: `${name}-compensate`,
      text: `INSERT INTO ${this.compensationTable} (${compensation.join(', ')})
        VALUES (${compensation.map((_, index) => `$${index + 1}`).join(', ')}) ON CONFLICT DO NOTHING`,
    };
  }

  /** For the `up` of a migration. The statements need `createRefuseUnless` of @rocketshop/pg too. */
  async createTables(runner: SqlRunner): Promise<void> {
    const { item = {}, taken } = this.options;
    const describe = (columns: Readonly<Record<string, string>>, constraint: string) =>
      Object.entries(columns).map(([column, type]) => `${column} ${type}${constraint}`);
    const { key } = this;
    const count = Object.keys(taken).length;
    await runner.query(`CREATE TABLE ${this.successTable} (
      order_id uuid NOT NULL,
      ${[...describe(item, ' NOT NULL'), ...describe(taken, '')].join(',\n      ')},
      outcome text NOT NULL CONSTRAINT ${this.successTable}_outcome CHECK (outcome IN ('DEDUCTED', 'FENCED')),
      created_at timestamptz NOT NULL DEFAULT now(),
      CONSTRAINT ${this.successTable}_pkey PRIMARY KEY (${key}),
      CONSTRAINT ${this.successTable}_taken
        CHECK (num_nonnulls(${Object.keys(taken).join(', ')}) = CASE outcome WHEN 'DEDUCTED' THEN ${count} ELSE 0 END)
    )`);
    await runner.query(`CREATE TABLE ${this.compensationTable} (
      order_id uuid NOT NULL,
      kind text NOT NULL,
      ${[...describe(item, ' NOT NULL'), ...describe(taken, ' NOT NULL')].join(',\n      ')},
      created_at timestamptz NOT NULL DEFAULT now(),
      CONSTRAINT ${this.compensationTable}_pkey PRIMARY KEY (${key}, kind)
    )`);
  }

  /** For the `down` of a migration. */
  async dropTables(runner: SqlRunner): Promise<void> {
    await runner.query(`DROP TABLE ${this.compensationTable}, ${this.successTable}`);
  }

  /** Claims the keys for a deduct. Waits for an open undo of the same order; refuses SEEN_BEFORE where a key has a row. */
  claim(orderId: string, rows: readonly Columns[]): BoundStatement {
    return bind(this.claimStatement, [
      rows.map(() => orderId),
      ...this.columns.map((column) => rows.map((row) => row[column] ?? null)),
    ]);
  }

  /**
   * Claims the same keys for an undo. Waits for an open deduct of the same order; changes nothing where the deduct was first.
   * @param rows the items; without an item, one empty row
   */
  fence(orderId: string, rows: readonly Partial<Columns>[]): BoundStatement {
    return bind(this.fenceStatement, [
      rows.map(() => orderId),
      ...this.items.map((column) => rows.map((row) => row[column] ?? null)),
    ]);
  }

  /**
   * Locks all rows of an order. It is a statement of its own after the fence, and {@link read} is another one after it: the
   * snapshot of a statement is older than what the statement has waited for, so a single statement would not see an open deduct,
   * or what another undo has given back.
   */
  lock(orderId: string): BoundStatement {
    const text = `SELECT FROM ${this.successTable} WHERE order_id = $1 ORDER BY ${this.key} FOR UPDATE`;
    return bind({ name: `${this.options.name}-lock-log`, text }, [orderId]);
  }

  /** All rows of an order. */
  read(orderId: string): BoundStatement<LogRow<Columns>> {
    return bind({ name: `${this.options.name}-read-log`, text: this.selectRows() }, [orderId]);
  }

  /** Claims the give-back of one row by one kind of undo. No row is inserted where that undo has given back before. */
  compensate(orderId: string, kind: string, row: Columns): BoundStatement {
    return bind(this.compensateStatement, [orderId, kind, ...this.columns.map((column) => row[column] ?? null)]);
  }

  /** Whether both rows are about the same item and take the same. */
  isSame(left: Columns, right: Columns): boolean {
    return this.columns.every((column) => String(left[column]) === String(right[column]));
  }

  private selectRows(): string {
    const sameItem = this.items.map((column) => ` AND compensation.${column} = success.${column}`).join('');
    return `SELECT ${this.columns.map((column) => `success.${column}`).join(', ')}, success.outcome,
        EXISTS (SELECT FROM ${this.compensationTable} compensation
                 WHERE compensation.order_id = success.order_id${sameItem}) AS compensated
      FROM ${this.successTable} success WHERE success.order_id = $1 ORDER BY ${this.key}`;
  }
}
