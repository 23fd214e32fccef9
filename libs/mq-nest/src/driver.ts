import type {
  AdminClient,
  ClientOptions,
  Producer,
  ProducerOptions,
  PushConsumer,
  PushConsumerOptions,
} from '@rocketshop/mq-client';

/*
 * The transport creates its clients through this port, so that unit tests of the transport need no socket. A driver's
 * clients are those parts of the client library's classes that the transport calls. `rocketmq.driver.ts` is the only
 * file that constructs the classes.
 */

export type DriverProducer = Pick<Producer, 'start' | 'shutdown' | 'send'>;
export type DriverConsumer = Pick<PushConsumer, 'subscribe' | 'registerMessageListener' | 'start' | 'shutdown'>;
export type DriverAdminClient = Pick<AdminClient, 'start' | 'shutdown' | 'fetchClusterInfo'>;

export interface Driver {
  createProducer(options: ProducerOptions): DriverProducer;
  createConsumer(options: PushConsumerOptions): DriverConsumer;
  createAdminClient(options: ClientOptions): DriverAdminClient;
}

/** Provider token of the driver. Tests provide an `InMemoryDriver` under it. */
export const ROCKETMQ_DRIVER = Symbol('RocketmqDriver');
