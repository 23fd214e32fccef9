import { setTimeout as sleep } from 'node:timers/promises';
import {
  clusterInfoBody,
  consumeStatsBody,
  decodeMessage,
  decodeOffsetMsgId,
  DEFAULT_TOPIC_FILTER_TYPE,
  DeleteTopicInBroker,
  DeleteTopicInNamesrv,
  GetAllTopicListFromNameserver,
  GetBrokerClusterInfo,
  GetConsumeStats,
  GetTopicStatsInfo,
  PermName,
  ResponseCode,
  topicListBody,
  TopicName,
  topicStatsTableBody,
  UpdateAndCreateTopic,
  ViewMessage,
} from '@rocketshop/mq-protocol';
import type {
  ClusterInfo,
  ConsumeStats,
  MessageExt,
  RemotingCommand,
  TopicRouteData,
  TopicStatsTable,
} from '@rocketshop/mq-protocol';
import { OptionProblems, resolveClientOptions } from '../client.config.js';
import type { ClientOptions, ResolvedClientOptions } from '../client.config.js';
import { BrokerNotFoundError, BrokerRefusedError, InvalidStateError, NoRouteError } from '../client-error.js';
import type { ClientInstance } from '../instance/client-instance.js';
import { leaseInstance } from '../instance/instance-registry.js';
import type { InstanceLease } from '../instance/instance-registry.js';
import { MASTER_ID } from '../instance/topic-route.js';

export interface CreateTopicOptions {
  /** @default 8 */
  readQueueNums?: number;
  /** @default readQueueNums */
  writeQueueNums?: number;
  /** 4 read, 2 write. @default 6 */
  perm?: number;
  /** The only broker that gets the topic. @default every master of the cluster */
  brokerName?: string;
}

/** How often a name server is asked for the route of a new topic. */
const ROUTE_CHECK_INTERVAL_MS = 20;

/**
 * Creates and deletes topics, and reads the state of topics, groups and messages. Source:
 * tools/admin/DefaultMQAdminExtImpl.java.
 */
export class AdminClient {
  private readonly options: ResolvedClientOptions;
  private lease: InstanceLease | undefined;

  /** @throws InvalidOptionsError naming every problem */
  constructor(options: ClientOptions) {
    const problems = new OptionProblems('AdminClient');
    this.options = resolveClientOptions(options, problems);
    problems.throwIfAny();
  }

  async start(): Promise<void> {
    if (this.lease !== undefined) throw new InvalidStateError('the admin client runs already');
    this.lease = leaseInstance(this.options);
    return Promise.resolve();
  }

  async shutdown(): Promise<void> {
    const { lease } = this;
    this.lease = undefined;
    await lease?.release();
  }

  /** Creates the topic or changes an existing one. Resolves when a name server knows the topic's route. */
  async createTopic(topic: string, options: CreateTopicOptions = {}): Promise<void> {
    const readQueueNums = options.readQueueNums ?? 8;
    const request = UpdateAndCreateTopic.createRequest({
      topic,
      defaultTopic: TopicName.AUTO_CREATE_TOPIC_KEY_TOPIC,
      readQueueNums,
      writeQueueNums: options.writeQueueNums ?? readQueueNums,
      perm: options.perm ?? PermName.READ + PermName.WRITE,
      topicFilterType: DEFAULT_TOPIC_FILTER_TYPE,
      topicSysFlag: 0,
      order: false,
    });
    for (const address of await this.masters(options.brokerName)) await this.instance.invoke(address, request);
    await this.waitForRoute(topic);
  }

  /** Deletes the topic and its messages on every master, then its route on every name server. */
  async deleteTopic(topic: string): Promise<void> {
    const { instance } = this;
    for (const address of await this.masters()) {
      await instance.invoke(address, DeleteTopicInBroker.createRequest({ topic }));
    }
    for (const address of this.options.nameServers) {
      const response = await instance.nameServers.requestFrom(address, DeleteTopicInNamesrv.createRequest({ topic }));
      if (response.code !== ResponseCode.SUCCESS)
        throw new BrokerRefusedError(response.code, response.remark ?? '', address, false);
    }
  }

  /** @throws NoRouteError */
  async fetchTopicRoute(topic: string): Promise<TopicRouteData> {
    const data = await this.instance.routes.fetchData(topic);
    if (data === undefined) throw new NoRouteError(topic);
    return data;
  }

  async fetchClusterInfo(): Promise<ClusterInfo> {
    const response = await this.askNameServer(GetBrokerClusterInfo.createRequest({}));
    return clusterInfoBody.decode(response.body);
  }

  async fetchAllTopics(): Promise<string[]> {
    const response = await this.askNameServer(GetAllTopicListFromNameserver.createRequest({}));
    return topicListBody.decode(response.body).topicList;
  }

  /** The group's offsets in each queue of all brokers, or in the queues of one topic. */
  async examineConsumeStats(group: string, topic?: string): Promise<ConsumeStats> {
    const request = GetConsumeStats.createRequest({ consumerGroup: group, topic });
    const merged: ConsumeStats = { consumeTps: 0, offsets: [] };
    for (const address of await this.masters()) {
      const stats = consumeStatsBody.decode((await this.instance.invoke(address, request)).body);
      merged.offsets.push(...stats.offsets);
      merged.consumeTps += stats.consumeTps;
    }
    return merged;
  }

  /** The first and last offsets of each queue of the topic, on all its brokers. @throws NoRouteError */
  async examineTopicStats(topic: string): Promise<TopicStatsTable> {
    const merged: TopicStatsTable = { topicPutTps: 0, offsets: [] };
    for (const broker of (await this.fetchTopicRoute(topic)).brokerDatas) {
      const address = broker.brokerAddrs.get(MASTER_ID);
      if (address === undefined) continue;
      const response = await this.instance.invoke(address, GetTopicStatsInfo.createRequest({ topic }));
      const stats = topicStatsTableBody.decode(response.body);
      merged.offsets.push(...stats.offsets);
      merged.topicPutTps += stats.topicPutTps;
    }
    return merged;
  }

  /** @throws BrokerNotFoundError when the id's address does not belong to the cluster */
  async viewMessage(offsetMsgId: string): Promise<MessageExt> {
    const { host, port, physicalOffset } = decodeOffsetMsgId(offsetMsgId);
    const address = `${host}:${port}`;
    // An id may come from an untrusted source, so its address must be one of the cluster's.
    if (!(await this.brokerAddresses()).includes(address)) throw new BrokerNotFoundError(address);
    const response = await this.instance.invoke(address, ViewMessage.createRequest({ offset: physicalOffset }));
    return decodeMessage(response.body ?? Buffer.alloc(0), 0, { inflate: true });
  }

  private async askNameServer(request: RemotingCommand): Promise<RemotingCommand> {
    const response = await this.instance.nameServers.request(request);
    if (response.code === ResponseCode.SUCCESS) return response;
    throw new BrokerRefusedError(response.code, response.remark ?? '', 'name server', false);
  }

  private async masters(brokerName?: string): Promise<string[]> {
    const { brokerAddrTable } = await this.fetchClusterInfo();
    const brokers = [...brokerAddrTable.values()].filter(
      (broker) => brokerName === undefined || broker.brokerName === brokerName,
    );
    const addresses = brokers.flatMap((broker) => broker.brokerAddrs.get(MASTER_ID) ?? []);
    if (addresses.length === 0) throw new BrokerNotFoundError(brokerName ?? 'any master');
    return addresses;
  }

  private async brokerAddresses(): Promise<string[]> {
    const { brokerAddrTable } = await this.fetchClusterInfo();
    return [...brokerAddrTable.values()].flatMap((broker) => Array.from(broker.brokerAddrs.values()));
  }

  private async waitForRoute(topic: string): Promise<void> {
    const deadline = performance.now() + this.options.mqClientApiTimeout;
    while ((await this.instance.routes.fetchData(topic)) === undefined) {
      if (performance.now() > deadline) throw new NoRouteError(topic);
      await sleep(ROUTE_CHECK_INTERVAL_MS);
    }
  }

  private get instance(): ClientInstance {
    if (this.lease === undefined) throw new InvalidStateError('the admin client is not running');
    return this.lease.instance;
  }
}
