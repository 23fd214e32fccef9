import type { RocketmqRecordOptions } from './rocketmq-message.js';

/** A payload and its options, as `RocketmqClientProxy.emit` takes them. RocketmqRecordBuilder builds it. */
export class RocketmqRecord<T = unknown> {
  constructor(
    readonly data: T,
    readonly options: RocketmqRecordOptions,
  ) {}
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

  /** Business keys by which an administrator finds the message. A key has no blanks. */
  setKeys(...keys: string[]): this {
    return this.with({ key: keys.join(' ') });
  }

  setDelayMs(delayMs: number): this {
    return this.with({ delayMs });
  }

  setDelayLevel(delayLevel: number): this {
    return this.with({ delayLevel });
  }

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
