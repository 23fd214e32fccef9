import type {
  ClusterInfo,
  ConsumeContext,
  Message,
  MessageExt,
  MessageListener,
  PushConsumerOptions,
  SendOptions,
  SendResult,
} from '@rocketshop/mq-client';
import type { Driver, DriverAdminClient, DriverConsumer, DriverProducer } from '../driver.js';

/** A message as it was sent. */
export type InMemoryMessage = Message & { readonly orderKey: unknown };

interface Member {
  readonly options: PushConsumerOptions;
  readonly subscriptions: Map<string, string>;
  listener: MessageListener | undefined;
  readonly running: Set<Promise<void>>;
}

const NO_ADDRESSES = new Map<number, string>();

/**
 * A broker of a few lines for unit tests of services: `.overrideProvider(ROCKETMQ_DRIVER).useValue(new
 * InMemoryDriver())`. It delivers and redelivers at once. It keeps a message that has used up its redeliveries in
 * `deadLetters`, and a delayed message until `releaseDelayed()`. Delay levels, rebalance and persistence are left out:
 * test these on a real broker.
 */
export class InMemoryDriver implements Driver {
  readonly sent: InMemoryMessage[] = [];
  readonly delayed: InMemoryMessage[] = [];
  readonly deadLetters = new Map<string, MessageExt[]>();
  /** Delay levels that handlers asked for, in order. */
  readonly retryLevels: number[] = [];
  /** The status of the next sends, or the error that they fail with. */
  nextSend: SendResult['sendStatus'] | Error = 'SEND_OK';
  /** The broker names that the name server answers, or the error that it fails with. */
  brokers: string[] | Error = ['broker-a'];

  private readonly members: Member[] = [];
  private nextOffset = 0;

  createProducer(): DriverProducer {
    return {
      start: async () => undefined,
      shutdown: async () => undefined,
      send: async (message, options) => this.send(message, options),
    };
  }

  createConsumer(options: PushConsumerOptions): DriverConsumer {
    const member: Member = { options, subscriptions: new Map(), listener: undefined, running: new Set() };
    return {
      subscribe: (topic, expression) => void member.subscriptions.set(topic, expression ?? '*'),
      registerMessageListener: (listener) => {
        member.listener = listener;
      },
      start: async () => void this.members.push(member),
      shutdown: async () => {
        const index = this.members.indexOf(member);
        if (index !== -1) this.members.splice(index, 1);
        await Promise.all(member.running);
      },
    };
  }

  createAdminClient(): DriverAdminClient {
    return {
      start: async () => undefined,
      shutdown: async () => undefined,
      fetchClusterInfo: async () => this.clusterInfo(),
    };
  }

  /** The filter expressions of a group by topic. */
  subscriptionsOf(group: string): Record<string, string> {
    return Object.fromEntries(this.members.find(({ options }) => options.consumerGroup === group)?.subscriptions ?? []);
  }

  /** For messages that no producer of this driver sends: a group's listener, and a message as it arrives. */
  listenerOf(group: string): { listener: MessageListener; context: () => ConsumeContext } {
    const listener = this.members.find(({ options }) => options.consumerGroup === group)?.listener;
    if (listener === undefined) throw new Error(`group ${group} has not started`);
    const messageQueue = { topic: 'any', brokerName: 'broker-a', queueId: 0 };
    return { listener, context: () => ({ messageQueue, delayLevelWhenNextConsume: 0, ackIndex: 0 }) };
  }

  arriving(message: Message): MessageExt {
    return this.store({ ...message, orderKey: undefined });
  }

  /** Delivers the messages that were sent with a delay. */
  releaseDelayed(): void {
    for (const message of this.delayed.splice(0)) this.dispatch(message);
  }

  /** Resolves when no handler runs. */
  async settled(): Promise<void> {
    let running = this.members.flatMap((member) => [...member.running]);
    while (running.length > 0) {
      await Promise.all(running);
      running = this.members.flatMap((member) => [...member.running]);
    }
  }

  private clusterInfo(): ClusterInfo {
    if (this.brokers instanceof Error) throw this.brokers;
    const brokers = this.brokers.map((brokerName) => ({
      cluster: 'test',
      brokerName,
      brokerAddrs: NO_ADDRESSES,
      enableActingMaster: false,
    }));
    return {
      brokerAddrTable: new Map(brokers.map((broker) => [broker.brokerName, broker])),
      clusterAddrTable: new Map([['test', this.brokers]]),
    };
  }

  private send(message: Message, options: SendOptions | undefined): SendResult {
    if (this.nextSend instanceof Error) throw this.nextSend;
    const kept = { ...message, orderKey: options?.arg };
    this.sent.push(kept);
    if (message.delayTimeLevel !== undefined) this.delayed.push(kept);
    else this.dispatch(kept);
    const queueOffset = this.nextOffset++;
    return {
      sendStatus: this.nextSend,
      msgId: `message-${queueOffset}`,
      offsetMsgId: `offset-${queueOffset}`,
      messageQueue: { topic: message.topic, brokerName: 'broker-a', queueId: 0 },
      queueOffset,
      regionId: '',
      traceOn: false,
    };
  }

  private dispatch(message: InMemoryMessage): void {
    const groups = new Set<string>();
    for (const member of this.members) {
      const { consumerGroup } = member.options;
      const expression = member.subscriptions.get(message.topic);
      if (expression === undefined || groups.has(consumerGroup)) continue;
      const tags = expression.split('||').map((tag) => tag.trim());
      if (expression !== '*' && !tags.includes(message.tags ?? '')) continue;
      groups.add(consumerGroup);
      this.deliver(member, this.store(message));
    }
  }

  private store({ topic, body, tags, keys, properties }: InMemoryMessage): MessageExt {
    const now = Date.now();
    return {
      topic,
      body,
      flag: 0,
      properties: {
        ...properties,
        ...(tags === undefined ? {} : { TAGS: tags }),
        ...(keys === undefined ? {} : { KEYS: String(keys) }),
      },
      queueId: 0,
      queueOffset: this.nextOffset,
      commitLogOffset: this.nextOffset,
      storeSize: body.length,
      bodyCrc: 0,
      sysFlag: 0,
      bornTimestamp: now,
      bornHost: '127.0.0.1',
      bornPort: 0,
      storeTimestamp: now,
      storeHost: '127.0.0.1',
      storePort: 0,
      reconsumeTimes: 0,
      preparedTransactionOffset: 0,
      msgId: `message-${this.nextOffset}`,
      offsetMsgId: `offset-${this.nextOffset}`,
    };
  }

  private deliver(member: Member, message: MessageExt): void {
    const delivery = this.deliverUntilDone(member, message);
    member.running.add(delivery);
    void delivery.finally(() => member.running.delete(delivery));
  }

  private async deliverUntilDone(member: Member, first: MessageExt): Promise<void> {
    const { consumerGroup, maxReconsumeTimes = 16 } = member.options;
    let message = first;
    while (member.listener !== undefined) {
      const messageQueue = { topic: message.topic, brokerName: 'broker-a', queueId: 0 };
      const context: ConsumeContext = { messageQueue, delayLevelWhenNextConsume: 0, ackIndex: 0 };
      // As behind a socket, the listener does not run within the call that sent the message.
      await Promise.resolve();
      if ((await member.listener([message], context)) !== 'RECONSUME_LATER') return;
      this.retryLevels.push(context.delayLevelWhenNextConsume);
      const { reconsumeTimes } = message;
      message = redelivered(message, context.retryProperties);
      if (context.delayLevelWhenNextConsume >= 0 && reconsumeTimes < maxReconsumeTimes) continue;
      this.deadLetters.set(consumerGroup, [...(this.deadLetters.get(consumerGroup) ?? []), message]);
      return;
    }
  }
}

function redelivered(message: MessageExt, retryProperties: ConsumeContext['retryProperties']): MessageExt {
  const properties = { ...message.properties, ...retryProperties };
  return { ...message, properties, reconsumeTimes: message.reconsumeTimes + 1 };
}
