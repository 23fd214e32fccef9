/** What a use case writes to the outbox in its transaction. */
export interface OutboxRow {
  readonly topic: string;
  readonly tag?: string;
  /** Rows of one key are sent in the order in which they were written. Usually it is the order's id. */
  readonly key: string;
  /** Any JSON value. */
  readonly payload: unknown;
  /** The shortest time from the write of the row to the delivery. Time that the row waits in the outbox counts. */
  readonly delayMs?: number;
  /** Sent with the message, for example `{ traceparent }`. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** What the relay gives to the publisher. */
export interface OutboxMessage {
  /** The row's id as text. It is the same for every attempt to send the row. */
  readonly id: string;
  readonly topic: string;
  readonly tag: string | undefined;
  readonly key: string;
  readonly payload: unknown;
  /** The rest of the row's delay; undefined when it had none, or when it is over. */
  readonly delayMs: number | undefined;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * The port to the broker. `publish` must resolve only when the broker has stored the message as safely as it is
 * configured to (RocketMQ: SEND_OK). When it rejects, the message is sent again.
 */
export interface OutboxPublisher {
  publish(message: OutboxMessage): Promise<void>;
}
