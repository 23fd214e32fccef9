import { compareMessageQueues, isReadable, isWritable, type TopicRouteData } from '@rocketshop/mq-protocol';
import { queueKey, type MessageQueue } from '../message.js';

export const MASTER_ID = 0;

/** Addresses of one broker name by broker id; 0 is the master. */
export type BrokerAddresses = ReadonlyMap<number, string>;

/** A topic's route, worked out once for each answer of a name server. */
export interface TopicRoute {
  readonly topic: string;
  /** Queues that take messages, sorted; only of brokers whose master is known. */
  readonly publishQueues: readonly MessageQueue[];
  /** Queues that can be read, sorted; a slave is enough. */
  readonly subscribeQueues: readonly MessageQueue[];
  readonly brokers: ReadonlyMap<string, BrokerAddresses>;
  /** Equal texts mean equal routes. */
  readonly fingerprint: string;
  /** True for a topic that does not exist yet: the route is the template topic's. */
  readonly fromTemplate: boolean;
}

/** Queues of one topic on one broker, whatever the broker claims: 65536 is the limit of a topic's configuration. */
export const QUEUES_PER_BROKER_MAX = 65_536;

/** MQClientInstance.topicRouteData2TopicPublishInfo and topicRouteData2TopicSubscribeInfo. */
export function parseTopicRoute(topic: string, data: TopicRouteData): TopicRoute {
  const brokers = brokersOf(data);
  return freeze(topic, brokers, publishQueuesOf(topic, data, brokers), subscribeQueuesOf(topic, data), false);
}

/** The route of a topic that its first send will create: the template's brokers, at most `queuesMax` queues on each. */
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

/** `brokerA:4;brokerB:4`: the fixed set of queues of an order topic, kept although a broker is away. */
function orderedQueues(topic: string, conf: string): MessageQueue[] {
  return conf.split(';').flatMap((part) => {
    const [brokerName = '', count = ''] = part.split(':');
    const queues = Number(count);
    return brokerName !== '' && Number.isInteger(queues) ? queuesOf(topic, brokerName, queues) : [];
  });
}

function queuesOf(topic: string, brokerName: string, count: number): MessageQueue[] {
  const length = Math.max(0, Math.min(count, QUEUES_PER_BROKER_MAX));
  return Array.from({ length }, (_, queueId) => ({ topic, brokerName, queueId }));
}
