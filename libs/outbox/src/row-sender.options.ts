import type { BackoffOptions } from './failing-keys.js';
import type { OutboxLogger } from './outbox-logger.js';
import type { OutboxPublisher } from './outbox-message.js';

export interface RowSenderOptions {
  readonly publisher: OutboxPublisher;
  readonly logger: OutboxLogger;
  readonly inFlightMax: number;
  readonly publishTimeoutMs: number;
  readonly backoff: BackoffOptions;
  readonly clock: () => number;
  /** Called when a row was sent or failed, and when a key becomes free. */
  readonly onProgress: () => void;
  /** Called when a key that a read skipped is free from `time` on, so that a read is due. */
  readonly onReadDue: (time: number) => void;
}
