import type { Logger } from '../logging/create-logger.js';
import { messageOf } from '../logging/describe-thrown.js';

/** An outage is over when no request has failed for so long. */
const QUIET_MS = 10_000;
const REMINDER_MS = 60_000;

/** Logs that a part is away: once when that begins and once a minute while it lasts, since a line a request would hide the rest. */
export class OutageLog {
  private failures = 0;
  private lastAt = -Infinity;
  private loggedAt = -Infinity;

  constructor(
    private readonly logger: Pick<Logger, 'error'>,
    private readonly message: string,
    private readonly now: () => number = () => performance.now(),
  ) {}

  failed(error: unknown): void {
    const now = this.now();
    const isNew = now - this.lastAt > QUIET_MS;
    this.failures = isNew ? 1 : this.failures + 1;
    this.lastAt = now;
    if (!isNew && now - this.loggedAt < REMINDER_MS) return;
    this.loggedAt = now;
    this.logger.error({ reason: messageOf(error), requests: this.failures }, this.message);
  }
}
