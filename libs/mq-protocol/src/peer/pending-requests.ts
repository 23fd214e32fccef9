import type { AnswerHandler } from './peer-handlers.js';

interface Pending {
  readonly handler: AnswerHandler;
  readonly deadline: number;
}

/** Requests that wait for an answer, by opaque. Time-outs are found by a scan, not by a timer each. */
export class PendingRequests {
  private readonly byOpaque = new Map<number, Pending>();
  private nextDeadline = Infinity;

  get size(): number {
    return this.byOpaque.size;
  }

  has(opaque: number): boolean {
    return this.byOpaque.has(opaque);
  }

  add(opaque: number, handler: AnswerHandler, deadline: number): void {
    this.byOpaque.set(opaque, { handler, deadline });
    if (deadline < this.nextDeadline) this.nextDeadline = deadline;
  }

  /** The handler that waits for this answer; undefined for one that comes too late. */
  take(opaque: number): AnswerHandler | undefined {
    const pending = this.byOpaque.get(opaque);
    if (pending === undefined) return undefined;
    this.byOpaque.delete(opaque);
    return pending.handler;
  }

  /** Removes and returns those whose time is over. */
  takeExpired(now: number): AnswerHandler[] {
    if (now < this.nextDeadline) return [];
    const expired: AnswerHandler[] = [];
    let next = Infinity;
    for (const [opaque, pending] of this.byOpaque) {
      if (pending.deadline <= now) {
        this.byOpaque.delete(opaque);
        expired.push(pending.handler);
      } else if (pending.deadline < next) {
        next = pending.deadline;
      }
    }
    this.nextDeadline = next;
    return expired;
  }

  takeAll(): AnswerHandler[] {
    const handlers = [...this.byOpaque.values()].map((pending) => pending.handler);
    this.byOpaque.clear();
    this.nextDeadline = Infinity;
    return handlers;
  }
}
