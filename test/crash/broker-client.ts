import {
  PullMessage,
  PullSysFlag,
  QueryConsumerOffset,
  ResponseCode,
  SendMessage,
  UpdateConsumerOffset,
  connectPeer,
  decodeMessages,
} from '@rocketshop/mq-protocol';
import type { MessageExt, Peer } from '@rocketshop/mq-protocol';

const TOPIC = 'CrashTest';
const GROUP = 'CrashGroup';
export const QUEUES = 8;
const REQUEST_TIMEOUT_MS = 10_000;

/** One connection to a broker that uses the protocol directly, so that no client library repeats a request unseen. */
export class BrokerClient {
  private constructor(private readonly peer: Peer) {}

  static async connect(port: number): Promise<BrokerClient> {
    return new BrokerClient(await connectPeer({ host: '127.0.0.1', port }));
  }

  /** @returns the queue offset on SEND_OK. @throws an error on every other answer and when the connection ends */
  async send(queueId: number, body: Buffer): Promise<number> {
    const header = {
      producerGroup: 'CrashProducer',
      topic: TOPIC,
      defaultTopic: 'TBW102',
      defaultTopicQueueNums: QUEUES,
      queueId,
      sysFlag: 0,
      bornTimestamp: Date.now(),
      flag: 0,
      properties: 'TAGS\u0001crash\u0002WAIT\u0001true\u0002',
      reconsumeTimes: 0,
      unitMode: false,
      batch: false,
      maxReconsumeTimes: undefined,
      bname: undefined,
    };
    const answer = await this.peer.request(SendMessage.createRequest(header, { body }), REQUEST_TIMEOUT_MS);
    if (answer.code !== ResponseCode.SUCCESS) throw new Error(`send answered ${answer.code} ${answer.remark ?? ''}`);
    return SendMessage.readResponse(answer).queueOffset;
  }

  async commit(queueId: number, commitOffset: number): Promise<void> {
    const header = { consumerGroup: GROUP, topic: TOPIC, queueId, commitOffset, bname: undefined };
    const answer = await this.peer.request(UpdateConsumerOffset.createRequest(header), REQUEST_TIMEOUT_MS);
    if (answer.code !== ResponseCode.SUCCESS) throw new Error(`commit answered ${answer.code} ${answer.remark ?? ''}`);
  }

  /** @returns -1 when nothing is committed */
  async committed(queueId: number): Promise<number> {
    const header = { consumerGroup: GROUP, topic: TOPIC, queueId, setZeroIfNotFound: false, bname: undefined };
    const answer = await this.peer.request(QueryConsumerOffset.createRequest(header), REQUEST_TIMEOUT_MS);
    return answer.code === ResponseCode.SUCCESS ? QueryConsumerOffset.readResponse(answer).offset : -1;
  }

  /** Reads every message of a queue from the offset `from` to its end. */
  async readQueue(queueId: number, from: number): Promise<MessageExt[]> {
    const messages: MessageExt[] = [];
    for (let offset = from; ;) {
      const answer = await this.peer.request(this.pullRequest(queueId, offset), REQUEST_TIMEOUT_MS);
      if (answer.code === ResponseCode.PULL_NOT_FOUND || answer.code === ResponseCode.TOPIC_NOT_EXIST) return messages;
      const { nextBeginOffset } = PullMessage.readResponse(answer);
      if (answer.code === ResponseCode.SUCCESS) messages.push(...decodeMessages(answer.body ?? Buffer.alloc(0)));
      else if (answer.code !== ResponseCode.PULL_RETRY_IMMEDIATELY) throw new Error(`pull answered ${answer.code}`);
      if (nextBeginOffset <= offset) throw new Error(`the pull of queue ${queueId} stays at ${offset}`);
      offset = nextBeginOffset;
    }
  }

  close(): void {
    this.peer.close();
  }

  private pullRequest(queueId: number, queueOffset: number): ReturnType<typeof PullMessage.createRequest> {
    return PullMessage.createRequest({
      consumerGroup: GROUP,
      topic: TOPIC,
      queueId,
      queueOffset,
      maxMsgNums: 32,
      sysFlag: PullSysFlag.SUBSCRIPTION,
      commitOffset: 0,
      suspendTimeoutMillis: 0,
      subscription: '*',
      subVersion: 0,
      expressionType: 'TAG',
      maxMsgBytes: undefined,
      bname: undefined,
    });
  }
}
