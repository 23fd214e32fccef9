import type { Row } from '../report.js';

export async function onApache(): Promise<Row[]> {
  return Promise.resolve([]);
}
