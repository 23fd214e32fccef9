import {
  GetMaxOffset,
  GetMinOffset,
  QueryConsumerOffset,
  ResponseCode,
  SearchOffset,
  UpdateConsumerOffset,
} from '@rocketshop/mq-protocol';
import type { Peer, RemotingCommand } from '@rocketshop/mq-protocol';
import { BrokerRefusedError } from '../client-error.js';
import type { ClientInstance } from '../instance/client-instance.js';
import type { MessageQueue } from '../message.js';

/** The offsets of a queue on the broker that stores it. Source: section "offsets" of ConsumerManageProcessor.java. */
export class BrokerOffsets {
  constructor(
    private readonly instance: ClientInstance,
    private readonly group: string,
  ) {}

  /** The offset that the group has committed; undefined when it has committed none. */
  async committed(queue: MessageQueue): Promise<number | undefined> {
    const address = await this.instance.masterAddress(queue);
    const response = await this.instance.request(
      address,
      QueryConsumerOffset.createRequest({ consumerGroup: this.group, topic: queue.topic, queueId: queue.queueId }),
    );
    if (response.code === ResponseCode.QUERY_NOT_FOUND) return undefined;
    if (response.code !== ResponseCode.SUCCESS) {
      throw new BrokerRefusedError(response.code, response.remark ?? '', address, true);
    }
    return QueryConsumerOffset.readResponse(response).offset;
  }

  /** Resolves when the broker has the offset. */
  async commit(queue: MessageQueue, offset: number): Promise<void> {
    await this.instance.invoke(await this.instance.masterAddress(queue), this.commitRequest(queue, offset));
  }

  /** Writes the offset to the open connection, if there is one. When it is lost, a later commit replaces it. */
  commitOneway(queue: MessageQueue, offset: number): void {
    this.openPeer(queue)?.oneway(this.commitRequest(queue, offset));
  }

  /** The id of the open connection to the queue's master. */
  peerId(queue: MessageQueue): number | undefined {
    return this.openPeer(queue)?.id;
  }

  /** The offset of the next message to be stored. */
  async max(queue: MessageQueue): Promise<number> {
    const request = GetMaxOffset.createRequest(plain(queue));
    return GetMaxOffset.readResponse(await this.ask(queue, request)).offset;
  }

  async min(queue: MessageQueue): Promise<number> {
    const request = GetMinOffset.createRequest(plain(queue));
    return GetMinOffset.readResponse(await this.ask(queue, request)).offset;
  }

  /** The offset of the first message stored at or after the time (epoch ms); the max offset when there is none. */
  async search(queue: MessageQueue, timestamp: number): Promise<number> {
    const request = SearchOffset.createRequest({ ...plain(queue), timestamp });
    return SearchOffset.readResponse(await this.ask(queue, request)).offset;
  }

  private async ask(queue: MessageQueue, request: RemotingCommand): Promise<RemotingCommand> {
    return this.instance.invoke(await this.instance.masterAddress(queue), request);
  }

  private openPeer(queue: MessageQueue): Peer | undefined {
    const address = this.instance.routes.masterAddress(queue.brokerName);
    return address === undefined ? undefined : this.instance.brokers.peek(address);
  }

  private commitRequest({ topic, queueId }: MessageQueue, commitOffset: number): RemotingCommand {
    return UpdateConsumerOffset.createRequest({ consumerGroup: this.group, topic, queueId, commitOffset });
  }
}

const plain = ({ topic, queueId }: MessageQueue): { topic: string; queueId: number } => ({ topic, queueId });
