/** What a use case hands to the outbox, in its own transaction. */
export interface OutboxRow {
  readonly topic: string;
  readonly tag?: string;
  /** Order key: rows with one key are sent in the order in which they were written. Usually the order's id. */
  readonly key: string;
  /** Anything JSON can say. */
  readonly payload: unknown;
  /** Delivered at the earliest this long after the row was written, however late the relay comes to it. */
  readonly delayMs?: number;
  /** Travel with the message, for example `{ traceparent }`. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** What the relay hands to the publisher. */
export interface OutboxMessage {
  /** The row's id as text: the same for every attempt to send this row. */
  readonly id: string;
  readonly topic: string;
  readonly tag: string | undefined;
  readonly key: string;
  readonly payload: unknown;
  /** What is left of the row's delay now; undefined when it had none or it is over. */
  readonly delayMs: number | undefined;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * The port to the broker. Resolves only when the broker has the message as safely as it was asked to (RocketMQ:
 * SEND_OK); anything else rejects and the message is sent again.
 */
export interface OutboxPublisher {
  publish(message: OutboxMessage): Promise<void>;
}
