import type { Readiness } from '../health/readiness.js';
import { cached } from './cached.js';
import type { Page } from './internal-server.js';

/** Several probes and scrapers a second read the same answer. */
const KEEP_MS = 1_000;

export interface HealthPagesOptions {
  readonly readiness: Readiness;
  /** The metrics in Prometheus' text format. */
  readonly metrics: () => Promise<string>;
}

/** `/metrics`, `/health/ready` and `/health/live`, whose answers are kept for a second. */
export function healthPages({ readiness, metrics }: HealthPagesOptions): Record<string, Page> {
  const metricsText = cached(metrics, KEEP_MS);
  const report = cached(() => readiness.report(), KEEP_MS);
  return {
    '/metrics': async () => ({
      status: 200,
      contentType: 'text/plain; version=0.0.4; charset=utf-8',
      body: await metricsText(),
    }),
    '/health/ready': async () => {
      // A kept answer of before the shutdown would bring new requests to this process.
      const body = readiness.notAccepting ?? (await report());
      return json(body.status === 'ok' ? 200 : 503, body);
    },
    '/health/live': async () => json(200, { status: 'ok' }),
  };
}

const json = (status: number, body: object) => ({
  status,
  contentType: 'application/json; charset=utf-8',
  body: JSON.stringify(body),
});
