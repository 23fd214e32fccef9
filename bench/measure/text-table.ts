/** A cell is a text or a figure. A text such as `12.3 k` counts as a figure and stands on the right. */
export type Cell = string | number;

/** Each column is as wide as its widest cell, with two spaces between columns. Texts stand on the left, figures on the right. */
export function textTable(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const texts = [head, ...rows.map((row) => row.map(String))];
  const widths = head.map((_, column) => Math.max(...texts.map((row) => (row[column] ?? '').length)));
  const isFigure = head.map((_, column) => rows.some((row) => /^[\d.]/.test(String(row[column] ?? ''))));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => (isFigure[column] ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0)))
      .join('  ')
      .trimEnd();
  const rule = widths.map((width) => '-'.repeat(width)).join('  ');
  return [line(head), rule, ...texts.slice(1).map(line)].join('\n');
}

/** Shows two or three significant digits: 6430 is "6.4 k", 0.1234 is "0.123". NaN is "-". */
export function shortNumber(value: number): string {
  if (!Number.isFinite(value)) return '-';
  if (value >= 1_000_000) return `${(value / 1_000_000).toFixed(2)} M`;
  if (value >= 100_000) return `${(value / 1_000).toFixed(0)} k`;
  if (value >= 1_000) return `${(value / 1_000).toFixed(1)} k`;
  if (value >= 100) return value.toFixed(0);
  if (value >= 10) return value.toFixed(1);
  if (value >= 1) return value.toFixed(2);
  return value.toFixed(3);
}

/** A share of one CPU core. */
export const percent = (share: number): string => (Number.isFinite(share) ? `${(share * 100).toFixed(0)} %` : '-');
