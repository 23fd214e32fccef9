import { createWriteStream } from 'node:fs';
import type { WriteStream } from 'node:fs';

/** One answer that a buyer got, or what was done to the shop. */
export interface HistoryEvent {
  /** Milliseconds since the begin of the run. */
  readonly at: number;
  /** Number of the planned order; undefined for a fault. */
  readonly order?: number;
  readonly what: string;
  readonly status?: number;
  readonly code?: string | undefined;
  readonly orderId?: string | undefined;
  readonly detail?: string | undefined;
}

/** Keeps what happened, for the checks in memory and for people in a file of JSON lines. */
export class History {
  readonly events: HistoryEvent[] = [];
  private readonly started = performance.now();
  private readonly file: WriteStream;

  constructor(path: string) {
    this.file = createWriteStream(path);
  }

  get elapsedMs(): number {
    return Math.round(performance.now() - this.started);
  }

  add(event: Omit<HistoryEvent, 'at'>): void {
    const entry = { at: this.elapsedMs, ...event };
    this.events.push(entry);
    this.file.write(`${JSON.stringify(entry)}\n`);
  }

  of(order: number): HistoryEvent[] {
    return this.events.filter((event) => event.order === order);
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.file.end(resolve));
  }
}
