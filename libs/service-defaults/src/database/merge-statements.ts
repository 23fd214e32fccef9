import type { QueryResultRow } from 'pg';
import type { BoundStatement, StatementResult } from './statement.js';

/** What several requests send together, and how what comes back is dealt out to them. */
export interface MergedStatements {
  readonly statements: readonly BoundStatement[];
  /** @returns for each request, in their order, a result for each of its statements */
  readonly deal: (results: readonly StatementResult[]) => StatementResult[][];
}

/** Requests whose statements are executed as one. */
type Group = { readonly request: number; readonly statements: readonly BoundStatement[] }[];

/**
 * Makes one statement of those that several requests have in common. Requests that want the same columnar statements in
 * the same order get each of them executed once, with the columns of all: an execution costs PostgreSQL and us more than
 * the line it is about. Any other request keeps its own statements. Each request's statements stay in their order; between
 * requests there is none, as there is none between transactions.
 *
 * A row goes to whose `line` it names. One that names none, as that of a `refuse_unless`, goes to nobody.
 */
export function mergeStatements(requests: readonly (readonly BoundStatement[])[]): MergedStatements {
  const groups = groupAlike(requests);
  return {
    statements: groups.flatMap(mergeGroup),
    deal: (results) => {
      const dealt: StatementResult[][] = requests.map(() => []);
      let next = 0;
      for (const group of groups) {
        const count = group[0]?.statements.length ?? 0;
        const shares = dealGroup(group, results.slice(next, (next += count)));
        for (const [member, { request }] of group.entries()) dealt[request] = shares[member] ?? [];
      }
      return dealt;
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
function dealGroup(group: Group, results: readonly StatementResult[]): StatementResult[][] {
  if (group.length === 1) return [[...results]];
  const dealt: StatementResult[][] = group.map(() => []);
  for (const [index, { rows }] of results.entries()) {
    const shares = group.map((): QueryResultRow[] => []);
    // Whose the lines are, line after line: a row finds its owner without looking at all of them.
    const owners = group.flatMap(({ statements }, member) => columnOf(statements[index], 0).map(() => shares[member]));
    for (const row of rows) if (typeof row['line'] === 'number') owners[row['line'] - 1]?.push(row);
    for (const [member, share] of shares.entries()) dealt[member]?.push({ rows: share, rowCount: share.length });
  }
  return dealt;
}

function columnOf(statement: BoundStatement | undefined, parameter: number): readonly unknown[] {
  const column = statement?.values[parameter];
  if (!Array.isArray(column)) throw new Error(`parameter ${parameter + 1} of ${statement?.name} is no column`);
  return column;
}
