import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startBroker, startNameServer } from '@rocketshop/mq-broker';
import type { BrokerHandle, NameServer, StartBrokerOptions } from '@rocketshop/mq-broker';
import { AdminClient, Producer, PushConsumer } from '@rocketshop/mq-client';
import type { MessageListener, ProducerOptions, PushConsumerOptions } from '@rocketshop/mq-client';
import { FaultProxy, spawnService } from '@rocketshop/shop-testkit';
import type { SpawnedService } from '@rocketshop/shop-testkit';
import { registerBroker, SilentServer, UnreachableServer } from './silent-servers.js';

type Stop = () => unknown;

/** Brokers that one name server knows, and clients that share nothing with each other. */
export class BrokerCluster {
  private readonly stops: Stop[] = [];
  private names = 0;

  private constructor(
    readonly nameServer: NameServer,
    private readonly folder: string,
  ) {}

  static async start(): Promise<BrokerCluster> {
    return new BrokerCluster(await startNameServer({ port: 0 }), await mkdtemp(join(tmpdir(), 'rocketshop-silent-')));
  }

  onStop(stop: Stop): void {
    this.stops.push(stop);
  }

  /** Stops what was started last first. */
  async stop(): Promise<void> {
    for (const stop of this.stops.splice(0).toReversed()) await stop();
    await this.nameServer.close();
    await rm(this.folder, { recursive: true });
  }

  async broker(brokerName: string, options: StartBrokerOptions = {}): Promise<BrokerHandle> {
    const broker = await startBroker({
      brokerName,
      namesrvAddr: this.nameServer.address,
      storePathRootDir: join(this.folder, brokerName),
      mappedFileSizeCommitLog: 1024 * 1024,
      timeScale: 1_000,
      ...options,
    });
    this.onStop(() => broker.close());
    return broker;
  }

  /** A broker behind a proxy, whose address its clients are told. */
  async proxiedBroker(brokerName: string, topics: readonly string[]): Promise<FaultProxy> {
    const broker = await this.broker(brokerName, { namesrvAddr: '' });
    const proxy = await FaultProxy.start({ port: broker.port });
    this.onStop(() => proxy.stop());
    await this.register(brokerName, `127.0.0.1:${proxy.port}`, topics);
    return proxy;
  }

  async register(brokerName: string, address: string, topics: readonly string[]): Promise<void> {
    const peer = await registerBroker(this.nameServer.address, brokerName, address, topics);
    this.onStop(() => peer.close());
  }

  /** A broker in a process of its own, which can be frozen. */
  async brokerProcess(brokerName: string): Promise<SpawnedService> {
    const broker = await spawnService({
      program: 'apps/broker/dist/main.js',
      env: {
        BROKER_LISTEN_PORT: '0',
        BROKER_NAME: brokerName,
        NAMESRV_ADDR: this.nameServer.address,
        STORE_DIR: join(this.folder, brokerName),
      },
      readyLine: /is ready on/,
    });
    this.onStop(() => broker.kill());
    return broker;
  }

  /** Creates the topic on all brokers that registered themselves. */
  async topic(topic: string): Promise<void> {
    const admin = new AdminClient({ namesrvAddr: this.nameServer.address });
    await admin.start();
    await admin.createTopic(topic, { readQueueNums: 2 });
    await admin.shutdown();
  }

  async silentServer(answer?: Buffer): Promise<SilentServer> {
    const server = await SilentServer.start(answer);
    this.onStop(() => server.stop());
    return server;
  }

  async unreachableServer(): Promise<{ address: string }> {
    const server = await UnreachableServer.start();
    this.onStop(() => server.stop());
    return server;
  }

  async producer(options: Partial<ProducerOptions> = {}): Promise<Producer> {
    const producer = new Producer({
      namesrvAddr: this.nameServer.address,
      producerGroup: 'p',
      instanceName: `i${(this.names += 1)}`,
      ...options,
    });
    await producer.start();
    this.onStop(() => producer.shutdown());
    return producer;
  }

  async consumer(
    topic: string,
    listener: MessageListener,
    options: Partial<PushConsumerOptions> = {},
  ): Promise<PushConsumer> {
    const consumer = new PushConsumer({
      namesrvAddr: this.nameServer.address,
      consumerGroup: 'g',
      consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET',
      instanceName: `i${(this.names += 1)}`,
      pollNameServerInterval: 200,
      rebalanceInterval: 500,
      pullTimeDelayMillsWhenException: 50,
      ...options,
    });
    consumer.subscribe(topic);
    consumer.registerMessageListener(listener);
    await consumer.start();
    this.onStop(() => consumer.shutdown());
    return consumer;
  }
}

/** Sends one message after the other, each within `timeoutMs`. Resolves with the brokers that stored them. */
export async function sendMany(producer: Producer, topic: string, count: number, timeoutMs: number): Promise<string[]> {
  const brokers: string[] = [];
  for (let index = 0; index < count; index += 1) {
    const { sendStatus, messageQueue } = await producer.send({ topic, body: Buffer.from(`m${index}`) }, { timeoutMs });
    if (sendStatus !== 'SEND_OK') throw new Error(`the broker answered ${sendStatus}`);
    brokers.push(messageQueue.brokerName);
  }
  return brokers;
}
