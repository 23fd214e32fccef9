import { compareMessageQueues, isReadable, isWritable, parseJavaInt } from '@rocketshop/mq-protocol';
import type { TopicRouteData } from '@rocketshop/mq-protocol';
import { queueKey } from '../message.js';
import type { MessageQueue } from '../message.js';

export const MASTER_ID = 0;

/** The addresses of one broker by broker id; 0 is the master. */
export type BrokerAddresses = ReadonlyMap<number, string>;

/** A topic's route, computed once for each answer of a name server. */
export interface TopicRoute {
  readonly topic: string;
  /** Writable queues, sorted; only those of brokers whose master is known. */
  readonly publishQueues: readonly MessageQueue[];
  /** Readable queues, sorted; those of brokers without a master too, because a slave serves pulls. */
  readonly subscribeQueues: readonly MessageQueue[];
  readonly brokers: ReadonlyMap<string, BrokerAddresses>;
  /** Equal fingerprints mean equal routes. */
  readonly fingerprint: string;
  /** True when the topic does not exist yet and this is the template topic's route. */
  readonly fromTemplate: boolean;
}

/** The limit of queues in a topic's configuration. A larger number in a route is an error and would fill the memory. */
const QUEUES_PER_BROKER_MAX = 65_536;

/** MQClientInstance.topicRouteData2TopicPublishInfo and topicRouteData2TopicSubscribeInfo. */
export function parseTopicRoute(topic: string, data: TopicRouteData): TopicRoute {
  const brokers = brokersOf(data);
  return freeze(topic, brokers, publishQueuesOf(topic, data, brokers), subscribeQueuesOf(topic, data), false);
}

/**
 * The route of a topic that the first send will create: the template's brokers, with at most `queuesMax` queues each.
 */
export function parseTemplateRoute(topic: string, template: TopicRouteData, queuesMax: number): TopicRoute {
  const capped: TopicRouteData = {
    ...template,
    queueDatas: template.queueDatas.map((queueData) => {
      const queues = Math.min(queuesMax, queueData.readQueueNums);
      return { ...queueData, readQueueNums: queues, writeQueueNums: queues };
    }),
  };
  const brokers = brokersOf(capped);
  return freeze(topic, brokers, publishQueuesOf(topic, capped, brokers), [], true);
}

function freeze(
  topic: string,
  brokers: ReadonlyMap<string, BrokerAddresses>,
  publishQueues: MessageQueue[],
  subscribeQueues: MessageQueue[],
  fromTemplate: boolean,
): TopicRoute {
  const addresses = [...brokers].flatMap(([name, byId]) =>
    [...byId].map(([id, address]) => `${name} ${id} ${address}`),
  );
  const sizes = [publishQueues, subscribeQueues].map((queues) => queues.map(queueKey));
  const fingerprint = JSON.stringify([fromTemplate, addresses.sort(), sizes]);
  return { topic, brokers, publishQueues, subscribeQueues, fromTemplate, fingerprint };
}

function brokersOf(data: TopicRouteData): ReadonlyMap<string, BrokerAddresses> {
  return new Map(data.brokerDatas.map((broker) => [broker.brokerName, new Map(broker.brokerAddrs)]));
}

function publishQueuesOf(
  topic: string,
  data: TopicRouteData,
  brokers: ReadonlyMap<string, BrokerAddresses>,
): MessageQueue[] {
  if (data.orderTopicConf) return orderedQueues(topic, data.orderTopicConf);
  return data.queueDatas
    .filter((queueData) => isWritable(queueData.perm) && brokers.get(queueData.brokerName)?.has(MASTER_ID))
    .flatMap((queueData) => queuesOf(topic, queueData.brokerName, queueData.writeQueueNums))
    .sort(compareMessageQueues);
}

function subscribeQueuesOf(topic: string, data: TopicRouteData): MessageQueue[] {
  return data.queueDatas
    .filter((queueData) => isReadable(queueData.perm))
    .flatMap((queueData) => queuesOf(topic, queueData.brokerName, queueData.readQueueNums))
    .sort(compareMessageQueues);
}

/**
 * `brokerA:4;brokerB:4`: the fixed queues of an order topic. They stay when a broker is away, so that keys keep their
 * queue.
 */
function orderedQueues(topic: string, conf: string): MessageQueue[] {
  return conf.split(';').flatMap((part) => {
    const [brokerName = '', count = ''] = part.split(':');
    const queues = parseJavaInt(count);
    return brokerName !== '' && queues !== undefined ? queuesOf(topic, brokerName, queues) : [];
  });
}

function queuesOf(topic: string, brokerName: string, count: number): MessageQueue[] {
  const length = Math.max(0, Math.min(count, QUEUES_PER_BROKER_MAX));
  return Array.from({ length }, (_, queueId) => ({ topic, brokerName, queueId }));
}
