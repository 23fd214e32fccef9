import type { DeliveredMessage } from './rocketmq.context.js';

/*
 * The part of the client library that the transport uses, as a port, so that the transport's own rules are tested without
 * a socket. `rocketmq.driver.ts` is the only place that constructs the real thing.
 */

export interface DriverMessage {
  topic: string;
  body: Buffer;
  tags?: string;
  keys?: string;
  delayTimeLevel?: number;
  properties?: Record<string, string>;
}

export interface DriverSendResult {
  readonly sendStatus: 'SEND_OK' | 'FLUSH_DISK_TIMEOUT' | 'FLUSH_SLAVE_TIMEOUT' | 'SLAVE_NOT_AVAILABLE';
  readonly msgId: string;
  readonly messageQueue: { readonly topic: string; readonly queueId: number };
  readonly queueOffset: number;
}

export interface DriverProducer {
  /** The client library's own object. */
  readonly native: unknown;
  start(): Promise<void>;
  shutdown(): Promise<void>;
  /** `orderKey`: messages of one key go to one queue. */
  send(message: DriverMessage, orderKey: string | undefined): Promise<DriverSendResult>;
}

/** What a listener may set for a message that goes back to the broker. */
export interface DriverContext {
  /** 0: the ladder goes on where it stands. */
  delayLevelWhenNextConsume: number;
  /** Added to the properties of the message that goes back. */
  retryProperties?: Record<string, string> | undefined;
}

export type DriverListener = (
  message: DeliveredMessage,
  context: DriverContext,
) => Promise<'CONSUME_SUCCESS' | 'RECONSUME_LATER'>;

export interface DriverConsumer {
  /** The client library's own object. */
  readonly native: unknown;
  subscribe(topic: string, expression: string): void;
  start(listener: DriverListener): Promise<void>;
  /** Stops pulling, waits for running listeners, commits, leaves the group. */
  shutdown(): Promise<void>;
}

/** Looks at the cluster from outside the data path. */
export interface DriverProbe {
  start(): Promise<void>;
  shutdown(): Promise<void>;
  /** Names of the brokers that the name servers know now. */
  brokerNames(): Promise<string[]>;
}

export interface ProbeSettings {
  readonly namesrvAddr: string;
  readonly instanceName: string;
  readonly routeRefreshIntervalMs: number;
}

export interface ProducerSettings extends ProbeSettings {
  readonly producerGroup: string;
  readonly sendTimeoutMs: number;
}

export interface ConsumerSettings extends ProbeSettings {
  readonly group: string;
  readonly concurrency: number;
  readonly maxReconsumeTimes: number;
  readonly startFrom: 'first' | 'last';
  readonly drainTimeoutMs: number;
}

export interface Driver {
  createProducer(settings: ProducerSettings): DriverProducer;
  createConsumer(settings: ConsumerSettings): DriverConsumer;
  createProbe(settings: ProbeSettings): DriverProbe;
}

/** Provider token of the driver, for tests that put `InMemoryDriver` in its place. */
export const ROCKETMQ_DRIVER = Symbol('RocketmqDriver');
