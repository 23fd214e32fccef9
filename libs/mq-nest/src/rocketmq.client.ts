import { ClientProxy } from '@nestjs/microservices';
import type { ReadPacket, WritePacket } from '@nestjs/microservices';
import type { Driver } from './driver.js';
import { InvalidMessageError, RequestReplyUnsupportedError } from './errors.js';
import type { PublishReceipt } from './rocketmq-message.js';
import type { RocketmqPublisherOptions } from './rocketmq.config.js';
import { RocketmqPublisher } from './rocketmq.publisher.js';
import { RocketmqRecord } from './rocketmq.record.js';

/**
 * Nest's client for events: `ClientsModule.register([{ name, customClass: RocketmqClientProxy, options }])`.
 * The observable of `emit` emits the receipt after SEND_OK; without SEND_OK it fails.
 */
export class RocketmqClientProxy extends ClientProxy {
  private readonly publisher: RocketmqPublisher;

  constructor(options: RocketmqPublisherOptions, driver?: Driver) {
    super();
    this.publisher = new RocketmqPublisher(options, driver);
  }

  async connect(): Promise<void> {
    this._status$.next('connecting');
    await this.publisher.connect();
    this._status$.next('connected');
  }

  async close(): Promise<void> {
    await this.publisher.close();
    this._status$.next('closed');
  }

  override unwrap<T>(): T {
    return this.publisher.unwrap<T>();
  }

  protected override async dispatchEvent<T = PublishReceipt>(packet: ReadPacket): Promise<T> {
    const { pattern, metadata } = packet as { pattern: unknown; metadata?: Readonly<Record<string, string>> };
    if (typeof pattern !== 'string')
      throw new InvalidMessageError('the pattern of an event must be its topic, a string');
    const data: unknown = packet.data;
    const record = data instanceof RocketmqRecord ? data : new RocketmqRecord(data, {});
    const receipt = await this.publisher.publish({
      ...record.options,
      topic: pattern,
      payload: record.data,
      headers: { ...metadata, ...record.options.headers },
    });
    return receipt as T;
  }

  protected override publish(packet: ReadPacket, callback: (packet: WritePacket) => void): () => void {
    callback({ err: new RequestReplyUnsupportedError(this.normalizePattern(packet.pattern as string)) });
    return () => undefined;
  }
}
