import { startBroker } from '@rocketshop/mq-broker';
import type { BrokerHandle, StartBrokerOptions } from '@rocketshop/mq-broker';
import {
  connectPeer,
  ConsumerSendMsgBack,
  decodeMessages,
  HeartBeat,
  heartbeatBody,
  propertiesToString,
  PullMessage,
  SendMessage,
  SendMessageV2,
  TopicName,
  toSendMessageHeaderV2,
} from '@rocketshop/mq-protocol';
import type {
  ConsumerData,
  MessageExt,
  Peer,
  PeerHandlers,
  PullMessageHeader,
  RemotingCommand,
  SendMessageHeader,
} from '@rocketshop/mq-protocol';

const ANSWER_TIMEOUT_MS = 20_000;

export type SendChanges = Partial<Omit<SendMessageHeader, 'properties'>> & {
  body?: Buffer | string;
  properties?: Record<string, string>;
  version?: number;
};

export interface Pulled {
  code: number;
  nextBeginOffset: number;
  minOffset: number;
  maxOffset: number;
  messages: MessageExt[];
}

/** A broker on free ports and raw connections to it. It uses no code of the client library. */
export class BrokerUnderTest {
  private readonly peers: Peer[] = [];

  private constructor(readonly handle: BrokerHandle) {}

  static async start(options: StartBrokerOptions = {}): Promise<BrokerUnderTest> {
    return new BrokerUnderTest(await startBroker(options));
  }

  async connect(handlers: PeerHandlers = {}): Promise<Peer> {
    const peer = await connectPeer({ host: this.handle.host, port: this.handle.port, handlers });
    this.peers.push(peer);
    return peer;
  }

  async connectNameServer(): Promise<Peer> {
    const [host = '', port] = this.handle.namesrvAddr.split(':');
    const peer = await connectPeer({ host, port: Number(port) });
    this.peers.push(peer);
    return peer;
  }

  async close(): Promise<void> {
    for (const peer of this.peers) peer.close();
    await this.handle.close();
  }
}

export function ask(peer: Peer, command: RemotingCommand): Promise<RemotingCommand> {
  return peer.request(command, ANSWER_TIMEOUT_MS);
}

export function sendRequest(topic: string, changes: SendChanges = {}): RemotingCommand {
  const { body = 'hello', properties = {}, version, ...header } = changes;
  const full: SendMessageHeader = {
    producerGroup: 'producers',
    topic,
    defaultTopic: TopicName.AUTO_CREATE_TOPIC_KEY_TOPIC,
    defaultTopicQueueNums: 4,
    queueId: 0,
    sysFlag: 0,
    bornTimestamp: Date.now(),
    flag: 0,
    properties: propertiesToString(properties),
    ...header,
  };
  return SendMessageV2.createRequest(toSendMessageHeaderV2(full), {
    body: Buffer.from(body),
    ...(version === undefined ? {} : { version }),
  });
}

export interface Sent {
  code: number;
  remark: string | undefined;
  msgId: string;
  queueId: number;
  queueOffset: number;
}

export async function send(peer: Peer, topic: string, changes: SendChanges = {}): Promise<Sent> {
  return sent(await ask(peer, sendRequest(topic, changes)));
}

export function sent(answer: RemotingCommand): Sent {
  const { code, remark } = answer;
  if (answer.extFields?.['msgId'] === undefined) return { code, remark, msgId: '', queueId: -1, queueOffset: -1 };
  const { msgId, queueId, queueOffset } = SendMessage.readResponse(answer);
  return { code, remark, msgId, queueId, queueOffset };
}

/** A pull that carries its filter expression (bit 2 of sysFlag), like that of a reader that sends no heartbeat. */
export function pullRequest(topic: string, changes: Partial<PullMessageHeader> = {}): RemotingCommand {
  return PullMessage.createRequest({
    consumerGroup: 'readers',
    topic,
    queueId: 0,
    queueOffset: 0,
    maxMsgNums: 32,
    sysFlag: 4,
    commitOffset: 0,
    suspendTimeoutMillis: 0,
    subscription: '*',
    subVersion: 0,
    ...changes,
  });
}

export async function pull(peer: Peer, topic: string, changes: Partial<PullMessageHeader> = {}): Promise<Pulled> {
  return pulled(await ask(peer, pullRequest(topic, changes)));
}

export function pulled(answer: RemotingCommand): Pulled {
  const { code } = answer;
  if (answer.extFields?.['nextBeginOffset'] === undefined) {
    return { code, nextBeginOffset: -1, minOffset: -1, maxOffset: -1, messages: [] };
  }
  const { nextBeginOffset, minOffset, maxOffset } = PullMessage.readResponse(answer);
  const messages = answer.body === undefined ? [] : decodeMessages(answer.body, { checkCrc: true });
  return { code, nextBeginOffset, minOffset, maxOffset, messages };
}

export function heartbeat(
  peer: Peer,
  clientID: string,
  group: string,
  topics: Record<string, string>,
): Promise<RemotingCommand> {
  const consumer: ConsumerData = {
    groupName: group,
    consumeType: 'CONSUME_PASSIVELY',
    messageModel: 'CLUSTERING',
    consumeFromWhere: 'CONSUME_FROM_LAST_OFFSET',
    unitMode: false,
    subscriptionDataSet: Object.entries(topics).map(([topic, subString]) => ({
      topic,
      subString,
      tagsSet: subString === '*' ? [] : subString.split('||').map((tag) => tag.trim()),
      codeSet: [],
      subVersion: 1,
      expressionType: 'TAG',
      classFilterMode: false,
    })),
  };
  const body = heartbeatBody.encode({ clientID, producerGroups: [], consumerDataSet: [consumer] });
  return ask(peer, HeartBeat.createRequest({}, { body }));
}

export function sendBack(peer: Peer, message: MessageExt, group: string, delayLevel = 0): Promise<RemotingCommand> {
  return ask(
    peer,
    ConsumerSendMsgBack.createRequest({
      offset: message.commitLogOffset,
      group,
      delayLevel,
      maxReconsumeTimes: 16,
      originTopic: message.topic,
      originMsgId: message.msgId,
    }),
  );
}
