import { Module } from '@nestjs/common';
import type { DynamicModule, INestApplication, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { startBroker } from '@rocketshop/mq-broker';
import type { BrokerHandle } from '@rocketshop/mq-broker';
import { PullConsumer } from '@rocketshop/mq-client';
import { RocketmqModule, RocketmqPublisher, RocketmqServer } from '@rocketshop/mq-nest';
import type { RocketmqModuleOptions } from '@rocketshop/mq-nest';

/** Divides the delays of the broker and of the applications: the first retry comes after 10 ms. */
const TIME_SCALE = 1000;

/** A Nest application that uses the test's broker. */
export interface RunningApp {
  readonly app: INestApplication;
  readonly publisher: RocketmqPublisher;
  readonly server: RocketmqServer;
}

/** A broker for one test file and the Nest applications on it. `close` ends all of them. */
export class NestApps {
  private readonly apps: INestApplication[] = [];

  private constructor(private readonly broker: BrokerHandle) {}

  static async start(): Promise<NestApps> {
    return new NestApps(await startBroker({ timeScale: TIME_SCALE }));
  }

  get namesrvAddr(): string {
    return this.broker.namesrvAddr;
  }

  get brokerPort(): number {
    return this.broker.port;
  }

  /** Starts an application with these controllers and waits until it consumes. */
  async boot(controllers: Type[], options: Partial<RocketmqModuleOptions> = {}): Promise<RunningApp> {
    return this.bootWith(RocketmqModule.forRoot(this.options(options)), controllers);
  }

  async bootWith(rocketmq: DynamicModule, controllers: Type[], imports: Type[] = []): Promise<RunningApp> {
    @Module({ imports: [rocketmq, ...imports], controllers })
    class AppModule {}
    const app = await NestFactory.create(AppModule, new FastifyAdapter(), { logger: false, abortOnError: false });
    this.apps.push(app);
    const server = app.get(RocketmqServer);
    app.connectMicroservice({ strategy: server });
    await app.startAllMicroservices();
    return { app, server, publisher: app.get(RocketmqPublisher) };
  }

  options(options: Partial<RocketmqModuleOptions> = {}): RocketmqModuleOptions {
    return { namesrvAddr: this.namesrvAddr, timeScale: TIME_SCALE, routeRefreshIntervalMs: 50, ...options };
  }

  /** The properties of each message in the dead letter topic %DLQ%<group>. */
  async deadLetters(group: string): Promise<Record<string, string>[]> {
    const reader = new PullConsumer({ namesrvAddr: this.namesrvAddr, consumerGroup: `${group}-dlq-reader` });
    await reader.start();
    try {
      const found: Record<string, string>[] = [];
      for (const queue of await reader.fetchMessageQueues(`%DLQ%${group}`)) {
        const { messages } = await reader.pull(queue, '*', 0, 32);
        for (const message of messages) found.push(message.properties);
      }
      return found;
    } finally {
      await reader.shutdown();
    }
  }

  async close(): Promise<void> {
    for (const app of this.apps) await app.close();
    await this.broker.close();
  }
}
