import type {
  ConsumerSettings,
  Driver,
  DriverConsumer,
  DriverContext,
  DriverListener,
  DriverMessage,
  DriverProbe,
  DriverProducer,
  DriverSendResult,
} from '../driver.js';
import type { DeliveredMessage } from '../rocketmq.context.js';

/** A message as it was sent. */
export type InMemoryMessage = DriverMessage & { readonly orderKey: string | undefined };

interface Member {
  readonly settings: ConsumerSettings;
  readonly subscriptions: Map<string, string>;
  listener: DriverListener | undefined;
  readonly running: Set<Promise<void>>;
}

/**
 * A broker of a few lines for unit tests of services: `.overrideProvider(ROCKETMQ_DRIVER).useValue(new InMemoryDriver())`.
 * Delivers at once, retries at once, keeps what exhausts its retries in `deadLetters`. Delayed messages wait for
 * `releaseDelayed()`. No ladder, no rebalance, no persistence: stories about those belong on a real broker.
 */
export class InMemoryDriver implements Driver {
  readonly sent: InMemoryMessage[] = [];
  readonly delayed: InMemoryMessage[] = [];
  readonly deadLetters = new Map<string, DeliveredMessage[]>();
  /** Delay levels that handlers asked for, in order. */
  readonly retryLevels: number[] = [];
  /** The status of the sends to come. An error: they fail with it. */
  nextSend: DriverSendResult['sendStatus'] | Error = 'SEND_OK';
  /** What the name server answers. */
  brokers: string[] | Error = ['broker-a'];

  private readonly members: Member[] = [];
  private nextOffset = 0;

  createProducer(): DriverProducer {
    return {
      native: this,
      start: async () => undefined,
      shutdown: async () => undefined,
      send: async (message, orderKey) => this.send(message, orderKey),
    };
  }

  createConsumer(settings: ConsumerSettings): DriverConsumer {
    const member: Member = { settings, subscriptions: new Map(), listener: undefined, running: new Set() };
    return {
      native: member,
      subscribe: (topic, expression) => void member.subscriptions.set(topic, expression),
      start: async (listener) => {
        member.listener = listener;
        this.members.push(member);
      },
      shutdown: async () => {
        const index = this.members.indexOf(member);
        if (index !== -1) this.members.splice(index, 1);
        await Promise.all(member.running);
      },
    };
  }

  createProbe(): DriverProbe {
    return {
      start: async () => undefined,
      shutdown: async () => undefined,
      brokerNames: async () => {
        if (this.brokers instanceof Error) throw this.brokers;
        return this.brokers;
      },
    };
  }

  /** Expressions by topic that a group has subscribed to. */
  subscriptionsOf(group: string): Record<string, string> {
    return Object.fromEntries(this.members.find((member) => member.settings.group === group)?.subscriptions ?? []);
  }

  /** Delivers what was sent with a delay. */
  releaseDelayed(): void {
    for (const message of this.delayed.splice(0)) this.dispatch(message);
  }

  /** Resolves when no delivery is under way. */
  async settled(): Promise<void> {
    let running = this.members.flatMap((member) => [...member.running]);
    while (running.length > 0) {
      await Promise.all(running);
      running = this.members.flatMap((member) => [...member.running]);
    }
  }

  private send(message: DriverMessage, orderKey: string | undefined): DriverSendResult {
    if (this.nextSend instanceof Error) throw this.nextSend;
    const kept = { ...message, orderKey };
    this.sent.push(kept);
    if (message.delayTimeLevel !== undefined) this.delayed.push(kept);
    else this.dispatch(kept);
    const queueOffset = this.nextOffset++;
    return {
      sendStatus: this.nextSend,
      msgId: `message-${queueOffset}`,
      messageQueue: { topic: message.topic, queueId: 0 },
      queueOffset,
    };
  }

  private dispatch(message: InMemoryMessage): void {
    const groups = new Set<string>();
    for (const member of this.members) {
      const expression = member.subscriptions.get(message.topic);
      if (expression === undefined || groups.has(member.settings.group)) continue;
      const tags = expression.split('||').map((tag) => tag.trim());
      if (expression !== '*' && !tags.includes(message.tags ?? '')) continue;
      groups.add(member.settings.group);
      this.deliver(member, this.toDelivered(message));
    }
  }

  private toDelivered(message: InMemoryMessage): DeliveredMessage {
    const properties: Record<string, string> = { ...message.properties };
    if (message.tags !== undefined) properties['TAGS'] = message.tags;
    if (message.keys !== undefined) properties['KEYS'] = message.keys;
    const now = Date.now();
    return {
      topic: message.topic,
      body: message.body,
      properties,
      msgId: `message-${this.nextOffset}`,
      queueId: 0,
      queueOffset: this.nextOffset,
      reconsumeTimes: 0,
      bornTimestamp: now,
      storeTimestamp: now,
    };
  }

  private deliver(member: Member, first: DeliveredMessage): void {
    const delivery = this.untilDone(member, first);
    member.running.add(delivery);
    void delivery.finally(() => member.running.delete(delivery));
  }

  private async untilDone(member: Member, first: DeliveredMessage): Promise<void> {
    let message = first;
    while (member.listener !== undefined) {
      const context: DriverContext = { delayLevelWhenNextConsume: 0 };
      // The listener runs in a later turn, as behind a socket.
      await Promise.resolve();
      if ((await member.listener(message, context)) === 'CONSUME_SUCCESS') return;
      this.retryLevels.push(context.delayLevelWhenNextConsume);
      const { reconsumeTimes } = message;
      message = redelivered(message, context.retryProperties);
      if (reconsumeTimes < member.settings.maxReconsumeTimes) continue;
      const { group } = member.settings;
      this.deadLetters.set(group, [...(this.deadLetters.get(group) ?? []), message]);
      return;
    }
  }
}

function redelivered(message: DeliveredMessage, retryProperties: Record<string, string> | undefined): DeliveredMessage {
  const properties = { ...message.properties, ...retryProperties };
  return { ...message, properties, reconsumeTimes: message.reconsumeTimes + 1 };
}
