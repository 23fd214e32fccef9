import { Producer, PushConsumer } from '@rocketshop/mq-client';
import type { MessageExt } from '@rocketshop/mq-client';
import type { Random } from './random.js';

const SHARE = 0.3;
const COPIES_MAX = 3;
/** Most copies come soon. Some come when the order has ended. */
const SOON_MS = 1_500;
const LATE_MS = 20_000;
const MARK = 'chaos-copy';

/**
 * Reads every message of the shop in a group of its own, and sends some of them again: up to three times, in another order, and some
 * much later. A copy has the body, the keys and the properties of its original, so nobody can tell them apart.
 */
export class Duplicator {
  copies = 0;
  private readonly timers = new Set<NodeJS.Timeout>();
  private readonly consumer: PushConsumer;
  private readonly producer: Producer;

  private constructor(
    namesrvAddr: string,
    private readonly random: Random,
  ) {
    this.producer = new Producer({ namesrvAddr, producerGroup: 'chaos-duplicator' });
    this.consumer = new PushConsumer({
      namesrvAddr,
      consumerGroup: 'chaos-duplicator',
      consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET',
    });
  }

  static async start(namesrvAddr: string, topics: readonly string[], random: Random): Promise<Duplicator> {
    const duplicator = new Duplicator(namesrvAddr, random);
    for (const topic of topics) duplicator.consumer.subscribe(topic);
    duplicator.consumer.registerMessageListener(async (messages) => {
      for (const message of messages) duplicator.repeat(message);
    });
    await Promise.all([duplicator.producer.start(), duplicator.consumer.start()]);
    return duplicator;
  }

  async stop(): Promise<void> {
    for (const timer of this.timers) clearTimeout(timer);
    await Promise.all([this.consumer.shutdown(), this.producer.shutdown()]);
  }

  private repeat(message: MessageExt): void {
    if (message.properties[MARK] !== undefined || !this.random.chance(SHARE)) return;
    for (let copies = this.random.integer(1, COPIES_MAX); copies > 0; copies--) {
      const delayMs = this.random.integer(0, this.random.chance(0.1) ? LATE_MS : SOON_MS);
      const timer = setTimeout(() => {
        this.timers.delete(timer);
        void this.send(message);
      }, delayMs);
      this.timers.add(timer);
    }
  }

  private async send({ topic, body, properties }: MessageExt): Promise<void> {
    // RocketMQ's own properties have names in capitals. The producer sets them itself.
    const own = Object.entries(properties).filter(([name]) => name !== name.toUpperCase());
    try {
      await this.producer.send({
        topic,
        body,
        ...(properties['KEYS'] ? { keys: properties['KEYS'].split(' ') } : {}),
        ...(properties['TAGS'] ? { tags: properties['TAGS'] } : {}),
        properties: { ...Object.fromEntries(own), [MARK]: '1' },
      });
      this.copies++;
    } catch {
      // The broker is away: this copy is not sent.
    }
  }
}
