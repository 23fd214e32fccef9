import type { BrokerClock } from '../broker/broker-clock.js';

interface Waiting {
  dueAt: number;
  action: () => void;
}

/** A clock that goes on only when it is told to. */
export class ManualClock implements BrokerClock {
  private readonly waiting = new Set<Waiting>();

  bootId = 'first boot';
  /** How far the wall clock was set. */
  private wallOffset = 0;

  constructor(private time = 1_700_000_000_000) {}

  now(): number {
    return this.time + this.wallOffset;
  }

  monotonic(): number {
    return this.time;
  }

  after(delayMs: number, action: () => void): () => void {
    const entry = { dueAt: this.time + delayMs, action };
    this.waiting.add(entry);
    return () => void this.waiting.delete(entry);
  }

  /** Timers that have not fired. */
  get timers(): number {
    return this.waiting.size;
  }

  /** Goes on by `durationMs`, firing what comes due on the way, in its order. */
  advance(durationMs: number): void {
    const end = this.time + durationMs;
    for (;;) {
      const next = [...this.waiting].filter(({ dueAt }) => dueAt <= end).sort((a, b) => a.dueAt - b.dueAt)[0];
      if (next === undefined) break;
      this.waiting.delete(next);
      this.time = Math.max(this.time, next.dueAt);
      next.action();
    }
    this.time = end;
  }

  /** Sets the wall clock without anybody's timer noticing. */
  jump(differenceMs: number): void {
    this.wallOffset += differenceMs;
  }
}
