/** A payload with what travels beside it; made by RocketmqRecordBuilder and understood by RocketmqClientProxy.emit. */
export class RocketmqRecord<T = unknown> {
  constructor(
    readonly data: T,
    readonly options: Readonly<RocketmqRecordOptions>,
  ) {}
}

export interface RocketmqRecordOptions {
  readonly tag?: string;
  readonly key?: string;
  readonly delayMs?: number;
  readonly delayLevel?: number;
  readonly orderKey?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** `client.emit('topic', new RocketmqRecordBuilder(data).setTag('created').setKeys(orderId).build())` */
export class RocketmqRecordBuilder<T = unknown> {
  private options: RocketmqRecordOptions = {};

  constructor(private data: T) {}

  setData(data: T): this {
    this.data = data;
    return this;
  }

  setTag(tag: string): this {
    return this.with({ tag });
  }

  /** Business keys by which the message can be found. No blanks inside a key. */
  setKeys(...keys: string[]): this {
    return this.with({ key: keys.join(' ') });
  }

  /** Real milliseconds, rounded up to the next level of the ladder. */
  setDelayMs(delayMs: number): this {
    return this.with({ delayMs });
  }

  /** 1 to 18, RocketMQ's own levels. */
  setDelayLevel(delayLevel: number): this {
    return this.with({ delayLevel });
  }

  /** Messages of one order key go to one queue. */
  setOrderKey(orderKey: string): this {
    return this.with({ orderKey });
  }

  setHeaders(headers: Readonly<Record<string, string>>): this {
    return this.with({ headers: { ...this.options.headers, ...headers } });
  }

  build(): RocketmqRecord<T> {
    return new RocketmqRecord(this.data, this.options);
  }

  private with(options: RocketmqRecordOptions): this {
    this.options = { ...this.options, ...options };
    return this;
  }
}
