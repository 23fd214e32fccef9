import type { ReceivedEvent } from './clients/client-events.js';
import { bodyOf, checksum } from './kinds.js';

/** One line of the table. Figures are absent where the row is not about messages. */
export interface Row {
  readonly client: string;
  readonly kind: string;
  readonly sent?: number;
  readonly received?: number;
  readonly lost?: number;
  readonly twice?: number;
  readonly seconds: number;
  readonly ok: boolean;
  /** What was seen, or what is wrong. */
  readonly note?: string;
}

export interface Verdict {
  readonly received: number;
  readonly lost: number;
  readonly twice: number;
  readonly problems: readonly string[];
}

/** Compares what was acknowledged with what listeners were given. */
export function judge(sent: readonly string[], received: readonly ReceivedEvent[]): Verdict {
  const times = new Map<string, number>();
  for (const { id } of received) times.set(id, (times.get(id) ?? 0) + 1);
  const known = new Set(sent);
  const damaged = received.filter(({ id, crc, intact }) => !intact || (known.has(id) && crc !== checksum(bodyOf(id))));
  const unknown = [...times.keys()].filter((id) => !known.has(id));
  const problems = [
    ...(damaged.length > 0 ? [`${damaged.length} not as sent, first ${damaged[0]?.id}`] : []),
    ...(unknown.length > 0 ? [`${unknown.length} not asked for, first ${unknown[0]}`] : []),
  ];
  return {
    received: sent.filter((id) => times.has(id)).length,
    lost: sent.filter((id) => !times.has(id)).length,
    twice: [...times.values()].filter((count) => count > 1).length,
    problems,
  };
}

const COLUMNS = ['client', 'kind', 'sent', 'received', 'lost', 'twice', 'seconds', 'ok'] as const;
const LEFT_ALIGNED: ReadonlySet<string> = new Set(['client', 'kind', 'ok']);

export function formatTable(rows: readonly Row[]): string {
  const cells = rows.map((row) =>
    COLUMNS.map((column) => {
      if (column === 'ok') return row.ok ? 'ok' : 'FAIL';
      if (column === 'seconds') return row.seconds.toFixed(1);
      return String(row[column] ?? '-');
    }),
  );
  const widths = COLUMNS.map((column, index) =>
    Math.max(column.length, ...cells.map((line) => line[index]?.length ?? 0)),
  );
  const format = (line: readonly string[], note: string): string =>
    `${line
      .map((cell, index) => {
        const width = widths[index] ?? 0;
        return LEFT_ALIGNED.has(COLUMNS[index] ?? '') ? cell.padEnd(width) : cell.padStart(width);
      })
      .join('  ')}  ${note}`.trimEnd();
  const shortNote = (row: Row | undefined): string => row?.note?.split('\n', 1)[0] ?? '';
  const details = rows.flatMap(({ client, kind, note }) =>
    note?.includes('\n') ? [`\n${client}, ${kind}: ${note}`] : [],
  );
  return [format(COLUMNS, ''), ...cells.map((line, index) => format(line, shortNote(rows[index]))), ...details].join(
    '\n',
  );
}

/** Runs one check that is not about counting messages; what it returns is the note. */
export async function checkRow(client: string, kind: string, check: () => Promise<string | void>): Promise<Row> {
  const started = performance.now();
  const seconds = (): number => (performance.now() - started) / 1000;
  try {
    const note = await check();
    return { client, kind, seconds: seconds(), ok: true, ...(note ? { note } : {}) };
  } catch (error) {
    return { client, kind, seconds: seconds(), ok: false, note: reasonOf(error) };
  }
}

/** Plays one part, says so, and turns what stops it into a row: the other parts go on. */
export async function runPart(name: string, play: () => Promise<Row[]>): Promise<Row[]> {
  const started = performance.now();
  process.stdout.write(`${name} ... `);
  const seconds = (): number => (performance.now() - started) / 1000;
  try {
    const rows = await play();
    console.log(`${seconds().toFixed(0)} s`);
    return rows;
  } catch (error) {
    console.log('failed');
    return [{ client: name, kind: 'the part as a whole', seconds: seconds(), ok: false, note: reasonOf(error) }];
  }
}

export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}
