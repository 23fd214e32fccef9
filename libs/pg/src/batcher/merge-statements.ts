import type { QueryResultRow } from 'pg';
import type { BoundStatement, StatementResult } from '../statement.js';

/** The statements of several requests as one list, and how the results are divided among the requests. */
export interface MergedStatements {
  readonly statements: readonly BoundStatement[];
  /** @returns for each request, in the order of the requests, one result for each of its statements */
  readonly divide: (results: readonly StatementResult[]) => StatementResult[][];
}

/** Requests whose statements are executed as one. */
type Group = { readonly request: number; readonly statements: readonly BoundStatement[] }[];

/**
 * Merges the statements that several requests have in common. Requests that send the same columnar statements in the same
 * order share their execution: each statement is executed once, with the columns of all these requests, since an execution
 * costs PostgreSQL and this process more than the line it is about. A request with any other list keeps its own statements.
 * The statements of one request stay in their order. Between requests there is no order, as there is none between transactions.
 *
 * A row belongs to the request of its `line`. A row without `line`, as that of a `refuse_unless`, belongs to no request.
 */
export function mergeStatements(requests: readonly (readonly BoundStatement[])[]): MergedStatements {
  const groups = groupAlike(requests);
  return {
    statements: groups.flatMap(mergeGroup),
    divide: (results) => {
      const divided: StatementResult[][] = requests.map(() => []);
      let next = 0;
      for (const group of groups) {
        const count = group[0]?.statements.length ?? 0;
        const shares = divideAmong(group, results.slice(next, (next += count)));
        for (const [member, { request }] of group.entries()) divided[request] = shares[member] ?? [];
      }
      return divided;
    },
  };
}

function groupAlike(requests: readonly (readonly BoundStatement[])[]): Group[] {
  const groups = new Map<string, Group>();
  for (const [request, statements] of requests.entries()) {
    const isColumnar = statements.every(({ columnar }) => columnar === true);
    const key = isColumnar ? statements.map(({ name }) => name).join(' ') : `#${request}`;
    const group = groups.get(key);
    if (group) group.push({ request, statements });
    else groups.set(key, [{ request, statements }]);
  }
  return [...groups.values()];
}

function mergeGroup(group: Group): readonly BoundStatement[] {
  const [first, ...others] = group;
  if (!first || others.length === 0) return first?.statements ?? [];
  return first.statements.map(({ name, text, values }, index) => ({
    name,
    text,
    columnar: true,
    values: values.map((_, parameter) => group.flatMap(({ statements }) => columnOf(statements[index], parameter))),
  }));
}

/** @returns for each member of the group its results */
function divideAmong(group: Group, results: readonly StatementResult[]): StatementResult[][] {
  if (group.length === 1) return [[...results]];
  const divided: StatementResult[][] = group.map(() => []);
  for (const [index, { rows }] of results.entries()) {
    const shares = group.map((): QueryResultRow[] => []);
    // The owner of each line, by the line's number: a row finds its owner without a search.
    const owners = group.flatMap(({ statements }, member) => columnOf(statements[index], 0).map(() => shares[member]));
    for (const row of rows) if (typeof row['line'] === 'number') owners[row['line'] - 1]?.push(row);
    for (const [member, share] of shares.entries()) divided[member]?.push({ rows: share, rowCount: share.length });
  }
  return divided;
}

function columnOf(statement: BoundStatement | undefined, parameter: number): readonly unknown[] {
  const column = statement?.values[parameter];
  if (!Array.isArray(column)) throw new Error(`parameter ${parameter + 1} of ${statement?.name} is no column`);
  return column;
}
