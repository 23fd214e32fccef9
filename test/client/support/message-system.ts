import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startBroker, startNameServer } from '@rocketshop/mq-broker';
import type { BrokerHandle, NameServer, StartBrokerOptions } from '@rocketshop/mq-broker';
import { AdminClient, Producer, PullConsumer, PushConsumer } from '@rocketshop/mq-client';
import type { Logger, MessageExt, MessageListener, ProducerOptions, PushConsumerOptions } from '@rocketshop/mq-client';

type Closable = { shutdown(): Promise<void> };

/** Short intervals, so that a test does not wait for them. */
const quick = {
  pollNameServerInterval: 200,
  heartbeatBrokerInterval: 500,
} as const;
const quickConsumer = {
  rebalanceInterval: 500,
  persistConsumerOffsetInterval: 100,
  pullTimeDelayMillsWhenException: 50,
  brokerSuspendMaxTimeMillis: 2_000,
} as const;

/** A name server and a broker for one test file. A story stops them and starts them again on the same ports and store. */
export class MessageSystem {
  private readonly clients: Closable[] = [];
  private names = 0;

  private constructor(
    private readonly folder: string,
    private readonly brokerOptions: StartBrokerOptions,
    private nameServer: NameServer | undefined,
    private broker: BrokerHandle | undefined,
    readonly namesrvAddr: string,
    private readonly nameServerPort: number,
    private readonly brokerPort: number,
  ) {}

  static async start(options: StartBrokerOptions = {}): Promise<MessageSystem> {
    const folder = await mkdtemp(join(tmpdir(), 'rocketshop-client-'));
    const nameServer = await startNameServer({ port: 0 });
    const brokerOptions = {
      storePathRootDir: folder,
      namesrvAddr: nameServer.address,
      mappedFileSizeCommitLog: 16 * 1024 * 1024,
      ...options,
    };
    const broker = await startBroker(brokerOptions);
    return new MessageSystem(
      folder,
      brokerOptions,
      nameServer,
      broker,
      nameServer.address,
      nameServer.port,
      broker.port,
    );
  }

  async stop(): Promise<void> {
    await this.stopClients();
    await this.stopBroker();
    await this.stopNameServer();
    await rm(this.folder, { recursive: true, force: true });
  }

  async stopClients(): Promise<void> {
    await Promise.all(this.clients.splice(0).map((client) => client.shutdown()));
  }

  async stopBroker(): Promise<void> {
    await this.broker?.close();
    this.broker = undefined;
  }

  async startBroker(): Promise<void> {
    this.broker = await startBroker({ ...this.brokerOptions, listenPort: this.brokerPort });
  }

  async stopNameServer(): Promise<void> {
    await this.nameServer?.close();
    this.nameServer = undefined;
  }

  async startNameServer(): Promise<void> {
    this.nameServer = await startNameServer({ port: this.nameServerPort });
  }

  /** Creates a topic that no other test uses. */
  async topic(queues = 4): Promise<string> {
    const topic = this.name('topic');
    const admin = await this.admin();
    await admin.createTopic(topic, { readQueueNums: queues });
    return topic;
  }

  name(kind: string): string {
    this.names += 1;
    return `${kind}-${this.names}`;
  }

  async admin(): Promise<AdminClient> {
    const admin = new AdminClient({ namesrvAddr: this.namesrvAddr, ...quick });
    await admin.start();
    this.clients.push(admin);
    return admin;
  }

  async producer(options: Partial<ProducerOptions> = {}): Promise<Producer> {
    const producer = new Producer({
      namesrvAddr: this.namesrvAddr,
      producerGroup: this.name('producers'),
      ...quick,
      ...options,
    });
    await producer.start();
    this.clients.push(producer);
    return producer;
  }

  async pullConsumer(consumerGroup = this.name('readers')): Promise<PullConsumer> {
    const consumer = new PullConsumer({ namesrvAddr: this.namesrvAddr, consumerGroup, ...quick });
    await consumer.start();
    this.clients.push(consumer);
    return consumer;
  }

  /** Starts one more member of a group. It shares nothing with other members, as if it ran in its own process. */
  async consumer(
    subscriptions: Record<string, string>,
    listener: MessageListener,
    options: Partial<PushConsumerOptions> = {},
  ): Promise<PushConsumer> {
    const consumer = new PushConsumer({
      namesrvAddr: this.namesrvAddr,
      consumerGroup: this.name('consumers'),
      consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET',
      instanceName: this.name('member'),
      ...quick,
      ...quickConsumer,
      ...options,
    });
    for (const [topic, expression] of Object.entries(subscriptions)) consumer.subscribe(topic, expression);
    consumer.registerMessageListener(listener);
    await consumer.start();
    this.clients.push(consumer);
    return consumer;
  }
}

/** Keeps the messages that a listener received. */
export class Received {
  readonly bodies: string[] = [];
  readonly messages: MessageExt[] = [];

  readonly listener: MessageListener = (messages) => {
    for (const message of messages) {
      this.messages.push(message);
      this.bodies.push(message.body.toString());
    }
  };

  get distinct(): Set<string> {
    return new Set(this.bodies);
  }
}

/** A logger that keeps its lines, so that a test can read them afterwards. */
export function recordingLogger(): { logger: Logger; lines: string[] } {
  const lines: string[] = [];
  const log = (message: string): void => void lines.push(message);
  return { lines, logger: { debug: log, info: log, warn: log, error: log } };
}

export const numbered = (count: number, prefix = 'm'): string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}${index}`);
