import { Logger } from '@nestjs/common';
import { AdminClient, Producer, PushConsumer, selectQueueByHash, type ClientOptions } from '@rocketshop/mq-client';
import type {
  ConsumerSettings,
  Driver,
  DriverConsumer,
  DriverProbe,
  DriverProducer,
  ProbeSettings,
  ProducerSettings,
} from './driver.js';

/** The client's words go to Nest's logger; what it says at `info` and below is for who debugs the client itself. */
function clientLogger(part: string): { [level in 'debug' | 'info' | 'warn' | 'error']: (message: string) => void } {
  const logger = new Logger(part);
  return {
    debug: (message) => logger.verbose(message),
    info: (message) => logger.debug(message),
    warn: (message) => logger.warn(message),
    error: (message) => logger.error(message),
  };
}

/** Equal for all three, so that the client library gives them one connection and one client id. */
function connectionOf(
  settings: ProbeSettings,
): Pick<ClientOptions, 'namesrvAddr' | 'instanceName' | 'pollNameServerInterval'> {
  return {
    namesrvAddr: settings.namesrvAddr,
    instanceName: settings.instanceName,
    pollNameServerInterval: settings.routeRefreshIntervalMs,
  };
}

function createProducer(settings: ProducerSettings): DriverProducer {
  const producer = new Producer({
    ...connectionOf(settings),
    producerGroup: settings.producerGroup,
    sendMsgTimeout: settings.sendTimeoutMs,
    logger: clientLogger('RocketmqProducer'),
  });
  return {
    native: producer,
    start: () => producer.start(),
    shutdown: () => producer.shutdown(),
    send: (message, orderKey) =>
      orderKey === undefined
        ? producer.send(message)
        : producer.send(message, { selector: selectQueueByHash, arg: orderKey }),
  };
}

function createConsumer(settings: ConsumerSettings): DriverConsumer {
  const consumer = new PushConsumer({
    ...connectionOf(settings),
    consumerGroup: settings.group,
    consumeFromWhere: settings.startFrom === 'first' ? 'CONSUME_FROM_FIRST_OFFSET' : 'CONSUME_FROM_LAST_OFFSET',
    consumeThreadMax: settings.concurrency,
    consumeMessageBatchMaxSize: 1,
    maxReconsumeTimes: settings.maxReconsumeTimes,
    awaitTerminationMillisWhenShutdown: settings.drainTimeoutMs,
    logger: clientLogger('RocketmqConsumer'),
  });
  return {
    native: consumer,
    subscribe: (topic, expression) => consumer.subscribe(topic, expression),
    start: (listener) => {
      // Batches are of one: a batch would be retried as a whole although one message failed.
      consumer.registerMessageListener(([message], context) =>
        message === undefined ? Promise.resolve() : listener(message, context),
      );
      return consumer.start();
    },
    shutdown: () => consumer.shutdown(),
  };
}

function createProbe(settings: ProbeSettings): DriverProbe {
  const admin = new AdminClient(connectionOf(settings));
  return {
    start: () => admin.start(),
    shutdown: () => admin.shutdown(),
    brokerNames: async () => [...(await admin.fetchClusterInfo()).brokerAddrTable.keys()],
  };
}

export const rocketmqDriver: Driver = { createProducer, createConsumer, createProbe };
