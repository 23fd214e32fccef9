import { Controller, Module } from '@nestjs/common';
import type { INestMicroservice, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Ctx, Payload } from '@nestjs/microservices';
import type { RocketmqContext } from '../rocketmq.context.js';
import { RocketmqEventPattern } from '../rocketmq-event-pattern.decorator.js';
import type { RocketmqServerOptions } from '../rocketmq.config.js';
import { RocketmqModule } from '../rocketmq.module.js';
import { RocketmqPublisher } from '../rocketmq.publisher.js';
import { RocketmqServer } from '../rocketmq.server.js';
import { InMemoryDriver } from './in-memory-driver.js';

const NAMESRV_ADDR = '127.0.0.1:9876';

/** For this library's own specs: a Nest application on an in-memory driver, and a publisher to it. */
export class ServerUnderTest {
  static readonly group = 'stock';

  readonly driver = new InMemoryDriver();
  readonly publisher = new RocketmqPublisher({ namesrvAddr: NAMESRV_ADDR }, this.driver);
  /** What the handler of topic `orders` does. Each test sets it. */
  behave: (data: unknown, context: RocketmqContext) => unknown = () => undefined;

  private running: RocketmqServer | undefined;
  private app: INestMicroservice | undefined;

  get server(): RocketmqServer {
    if (this.running === undefined) throw new Error('no server before start()');
    return this.running;
  }

  get isConnecting(): boolean {
    return this.running?.statusNow() === 'connecting';
  }

  /** Without `controllers` there is one, whose handler of topic `orders` calls `behave`. */
  async start(
    controllers: readonly Type[] = [this.orderController()],
    { withModule = true, ...options }: Partial<RocketmqServerOptions> & { withModule?: boolean } = {},
  ): Promise<void> {
    const imports = withModule ? [RocketmqModule.forRoot({ namesrvAddr: NAMESRV_ADDR })] : [];
    @Module({ imports, controllers: [...controllers] })
    class AppModule {}
    const server = new RocketmqServer({ namesrvAddr: NAMESRV_ADDR, maxReconsumeTimes: 2, ...options }, this.driver);
    this.running = server;
    this.app = await NestFactory.createMicroservice(AppModule, { strategy: server, logger: false });
    await this.app.listen();
  }

  /** Publishes to topic `orders` and waits for all deliveries. */
  async publish(payload: unknown): Promise<void> {
    await this.publisher.publish({ topic: 'orders', key: 'order-1', payload });
    await this.driver.settled();
  }

  async close(): Promise<void> {
    await this.app?.close();
  }

  private orderController(): Type {
    const behave = (data: unknown, context: RocketmqContext): unknown => this.behave(data, context);
    @Controller()
    class OrderController {
      @RocketmqEventPattern('orders', { group: ServerUnderTest.group })
      handle(@Payload() data: unknown, @Ctx() context: RocketmqContext): unknown {
        return behave(data, context);
      }
    }
    return OrderController;
  }
}
