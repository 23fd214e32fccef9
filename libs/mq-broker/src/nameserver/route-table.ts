import { isSameDataVersion, PermName } from '@rocketshop/mq-protocol';
import type {
  BrokerData,
  ClusterInfo,
  DataVersion,
  QueueData,
  TopicConfig,
  TopicRouteData,
} from '@rocketshop/mq-protocol';

import { BrokerLiveTable } from './broker-live-table.js';
import type { BrokerAddress, RegistrationChannel } from './broker-live-table.js';
import { BrokerMembers } from './broker-members.js';

/** The id of the broker of a name that takes messages. */
const MASTER_ID = 0;

export interface BrokerRegistration extends BrokerAddress {
  brokerName: string;
  brokerId: number;
  haServerAddr: string;
  /** Undefined where the broker does not know of the feature (4.x). */
  enableActingMaster: boolean | undefined;
  heartbeatTimeoutMillis: number | undefined;
  dataVersion: DataVersion;
  topics: ReadonlyMap<string, TopicConfig>;
}

/** What a slave learns from its registration: where its master takes requests and replicates from. */
export interface RegistrationResult {
  haServerAddr?: string;
  masterAddr?: string;
}

/**
 * Which brokers are there, and which topics they hold. In memory only: brokers tell it anew every 30 s.
 *
 * Source: namesrv/routeinfo/RouteInfoManager.java.
 */
export class RouteTable {
  private readonly live: BrokerLiveTable;
  private readonly members = new BrokerMembers();
  /** topic -> brokerName -> queues */
  private readonly topicQueueTable = new Map<string, Map<string, QueueData>>();

  constructor(clock: () => number) {
    this.live = new BrokerLiveTable(clock);
  }

  /**
   * Takes a registration. Undefined means refused: an id registering for the first time with exactly one topic sends a
   * change ahead of its whole table. A broker whose place is held by one of a newer state is answered, but not noted.
   */
  register(registration: BrokerRegistration, channel: RegistrationChannel): RegistrationResult | undefined {
    const { brokerName, brokerId, brokerAddr, clusterName, topics } = registration;
    const holder = this.members.addressOf(brokerName, brokerId);
    if (
      holder !== undefined &&
      holder !== brokerAddr &&
      this.isNewer({ clusterName, brokerAddr: holder }, registration)
    ) {
      this.live.delete(registration);
      return {};
    }
    if (holder === undefined && topics.size === 1) return undefined;

    const first = this.members.put(registration);
    const isMaster = brokerId === MASTER_ID;
    const isActing =
      !isMaster && registration.enableActingMaster !== undefined && this.members.minimumId(brokerName) === brokerId;
    if (isMaster || isActing) this.takeTopics(registration, first, isActing);
    this.live.put(registration, channel);
    return isMaster ? {} : this.masterOf(clusterName, brokerName);
  }

  unregister(broker: BrokerAddress & { brokerName: string }): void {
    this.live.delete(broker);
    if (this.members.remove(broker.brokerName, broker.brokerAddr) === 'last') {
      this.forgetQueuesOf(broker.brokerName);
      return;
    }
    // With acting masters on, the slaves left behind may be read, not written.
    if (
      this.members.isActingMasterEnabled(broker.brokerName) &&
      !this.members.addressOf(broker.brokerName, MASTER_ID)
    ) {
      this.wipeWritePerm(broker.brokerName);
    }
  }

  /** Removes what was registered over a connection that closed. */
  channelClosed(channel: RegistrationChannel): void {
    for (const broker of this.live.ofChannel(channel)) this.unregister(broker);
  }

  size(): { brokers: number; topics: number; oldestRegistrationAgeMs: number | undefined } {
    const { brokers, oldestAgeMs } = this.live.size();
    return { brokers, topics: this.topicQueueTable.size, oldestRegistrationAgeMs: oldestAgeMs };
  }

  /** Removes brokers that fell silent and closes their connections. Returns their addresses. */
  removeExpired(): string[] {
    return this.live.expired().map(({ channel, ...broker }) => {
      this.unregister(broker);
      channel.close();
      return broker.brokerAddr;
    });
  }

  /** Notes a sign of life of a known broker. */
  refresh(broker: BrokerAddress): void {
    this.live.refresh(broker);
  }

  dataVersionOf(broker: BrokerAddress): DataVersion | undefined {
    return this.live.get(broker)?.dataVersion;
  }

  /** The route of a topic; undefined when no broker that holds it is there. */
  route(topic: string): TopicRouteData | undefined {
    const queues = this.topicQueueTable.get(topic);
    if (queues === undefined) return undefined;
    const brokerDatas = [...queues.keys()].flatMap((brokerName) => this.members.brokerData(brokerName) ?? []);
    if (brokerDatas.length === 0) return undefined;
    return { queueDatas: [...queues.values()], brokerDatas };
  }

  brokerData(brokerName: string): BrokerData | undefined {
    return this.members.brokerData(brokerName);
  }

  clusterInfo(): ClusterInfo {
    return this.members.clusterInfo();
  }

  topics(): string[] {
    return [...this.topicQueueTable.keys()];
  }

  topicsOfCluster(clusterName: string): string[] {
    const brokers = this.members.brokersOf(clusterName);
    return [...this.topicQueueTable]
      .filter(([, queues]) => brokers.some((name) => queues.has(name)))
      .map(([topic]) => topic);
  }

  /** Names that every cluster and broker gives a topic to, and one broker that knows the other system topics. */
  systemTopics(): { topicList: string[]; brokerAddr: string | undefined } {
    const { brokerAddrTable, clusterAddrTable } = this.members.clusterInfo();
    const [someBroker] = brokerAddrTable.values();
    return {
      topicList: [...new Set([...clusterAddrTable.keys(), ...brokerAddrTable.keys()])],
      brokerAddr: someBroker === undefined ? undefined : [...someBroker.brokerAddrs.values()][0],
    };
  }

  /** Makes every topic of a broker read-only, here only. Returns how many topics it has. */
  wipeWritePerm(brokerName: string): number {
    return this.changePerm(brokerName, (perm) => perm & ~PermName.WRITE);
  }

  /** Makes every topic of a broker readable and writable again. Returns how many topics it has. */
  addWritePerm(brokerName: string): number {
    return this.changePerm(brokerName, () => PermName.READ | PermName.WRITE);
  }

  /** Forgets a topic, everywhere or on the brokers of one cluster. */
  deleteTopic(topic: string, clusterName?: string): void {
    if (clusterName === undefined || clusterName === '') {
      this.topicQueueTable.delete(topic);
      return;
    }
    const queues = this.topicQueueTable.get(topic);
    for (const brokerName of this.members.brokersOf(clusterName)) queues?.delete(brokerName);
    if (queues?.size === 0) this.topicQueueTable.delete(topic);
  }

  /** Adds queues by hand, for brokers that are known. */
  registerTopic(topic: string, queueDatas: readonly QueueData[]): void {
    for (const queueData of queueDatas) {
      if (this.members.brokerData(queueData.brokerName) !== undefined) this.putQueueData(topic, queueData);
    }
  }

  private isNewer(holder: BrokerAddress, { dataVersion }: BrokerRegistration): boolean {
    const held = this.live.get(holder);
    return held !== undefined && held.dataVersion.stateVersion > dataVersion.stateVersion;
  }

  private takeTopics(registration: BrokerRegistration, first: boolean, isActing: boolean): void {
    const { brokerName, topics, dataVersion } = registration;
    const known = this.live.get(registration)?.dataVersion;
    const changed = first || known === undefined || !isSameDataVersion(known, dataVersion);
    const mask = isActing && registration.enableActingMaster === true ? ~PermName.WRITE : ~0;
    for (const topic of topics.values()) {
      if (!changed && this.topicQueueTable.get(topic.topicName)?.has(brokerName)) continue;
      this.putQueueData(topic.topicName, {
        brokerName,
        readQueueNums: topic.readQueueNums,
        writeQueueNums: topic.writeQueueNums,
        perm: topic.perm & mask,
        topicSysFlag: topic.topicSysFlag,
      });
    }
  }

  private putQueueData(topic: string, queueData: QueueData): void {
    const queues = this.topicQueueTable.get(topic);
    if (queues === undefined) this.topicQueueTable.set(topic, new Map([[queueData.brokerName, queueData]]));
    else queues.set(queueData.brokerName, queueData);
  }

  private forgetQueuesOf(brokerName: string): void {
    for (const [topic, queues] of this.topicQueueTable) {
      if (queues.delete(brokerName) && queues.size === 0) this.topicQueueTable.delete(topic);
    }
  }

  private changePerm(brokerName: string, change: (perm: number) => number): number {
    let topicCount = 0;
    for (const queues of this.topicQueueTable.values()) {
      const queueData = queues.get(brokerName);
      if (queueData === undefined) continue;
      queues.set(brokerName, { ...queueData, perm: change(queueData.perm) });
      topicCount++;
    }
    return topicCount;
  }

  private masterOf(clusterName: string, brokerName: string): RegistrationResult {
    const masterAddr = this.members.addressOf(brokerName, MASTER_ID);
    const master = masterAddr === undefined ? undefined : this.live.get({ clusterName, brokerAddr: masterAddr });
    return masterAddr === undefined || master === undefined ? {} : { masterAddr, haServerAddr: master.haServerAddr };
  }
}
