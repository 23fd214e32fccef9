/** An opaque is an int32. */
const OPAQUE_MAX = 0x7fffffff;

interface Pending<Handler> {
  readonly handler: Handler;
  deadline: number;
}

/** Requests that wait for an answer, by opaque. A scan finds the time-outs, since a timer for each request is dearer. */
export class PendingRequests<Handler> {
  private readonly byOpaque = new Map<number, Pending<Handler>>();
  private nextDeadline = Infinity;
  private lastOpaque = 0;

  get size(): number {
    return this.byOpaque.size;
  }

  /** A number that no waiting request has. */
  nextOpaque(): number {
    do {
      this.lastOpaque = this.lastOpaque === OPAQUE_MAX ? 1 : this.lastOpaque + 1;
    } while (this.byOpaque.has(this.lastOpaque));
    return this.lastOpaque;
  }

  add(opaque: number, handler: Handler, deadline: number): void {
    this.byOpaque.set(opaque, { handler, deadline });
    if (deadline < this.nextDeadline) this.nextDeadline = deadline;
  }

  /** The handler that waits for this answer. Undefined when the answer comes too late. */
  take(opaque: number): Handler | undefined {
    const pending = this.byOpaque.get(opaque);
    if (pending === undefined) return undefined;
    this.byOpaque.delete(opaque);
    return pending.handler;
  }

  /**
   * Removes and returns the handlers whose deadline has passed.
   * @param moreTime is asked for each; milliseconds let the request go on with a new deadline
   */
  takeExpired(now: number, moreTime: (handler: Handler) => number | undefined = () => undefined): Handler[] {
    if (now < this.nextDeadline) return [];
    const expired: Handler[] = [];
    let next = Infinity;
    for (const [opaque, pending] of this.byOpaque) {
      if (pending.deadline <= now) {
        const moreMs = moreTime(pending.handler);
        if (moreMs === undefined) {
          this.byOpaque.delete(opaque);
          expired.push(pending.handler);
          continue;
        }
        pending.deadline = now + moreMs;
      }
      if (pending.deadline < next) next = pending.deadline;
    }
    this.nextDeadline = next;
    return expired;
  }

  takeAll(): Handler[] {
    const handlers = [...this.byOpaque.values()].map((pending) => pending.handler);
    this.byOpaque.clear();
    this.nextDeadline = Infinity;
    return handlers;
  }
}
