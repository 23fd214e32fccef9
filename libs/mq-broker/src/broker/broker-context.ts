/**
 * What the parts of one broker know of each other. A processor gets this and nothing else; the broker builds it once.
 *
 * The tables are described here by what their readers need, and implemented beside their purpose:
 * `topics/` (TopicTable), `groups/` (GroupTable, ConsumerTable, ProducerTable), `delay/`, `locks/`, `registration/`.
 */
import type {
  ConsumerData,
  DataVersion,
  Peer,
  RemotingCommand,
  SubscriptionData,
  SubscriptionGroupConfig,
  TopicConfig,
} from '@rocketshop/mq-protocol';
import type { ConsumerOffsetStore, MessageStore } from '../store/index.js';
import type { SubscriptionGroupManager } from './groups/index.js';
import type { TopicConfigManager } from './topics/index.js';
import type { BrokerClock } from './broker-clock.js';
import type { BrokerConfig } from './broker.config.js';

/** Answers one request. `undefined` means: answered later with `peer.reply()`. An error becomes code 1 with its text. */
export type Processor = (
  request: RemotingCommand,
  peer: Peer,
) => RemotingCommand | undefined | Promise<RemotingCommand | undefined>;

/** The topics of this broker: `config/topics.json`. Implemented by `topics/topic-config-manager.ts`. */
export interface TopicTable {
  readonly dataVersion: DataVersion;
  readonly size: number;
  /** A map look-up: called for every send and pull. */
  get(topic: string): TopicConfig | undefined;
  entries(): Iterable<TopicConfig>;
  /**
   * Auto-creation by a send (RocketMQ `createTopicInSendMessageMethod`): from the template `defaultTopic` if it exists and
   * has INHERIT. `undefined` when not allowed, the name is illegal, or the maximum of topics is reached.
   */
  createInSend(topic: string, defaultTopic: string, queueNums: number, topicSysFlag: number): TopicConfig | undefined;
  /** `%RETRY%` and `%DLQ%` topics (RocketMQ `createTopicInSendMessageBackMethod`). `undefined` as above. */
  createInSendBack(topic: string, queueNums: number, perm: number, topicSysFlag: number): TopicConfig | undefined;
  isSystemTopic(topic: string): boolean;
  /** Topics a client may not send to (SCHEDULE_TOPIC_XXXX, half, op-half, ...). */
  isForbiddenToSend(topic: string): boolean;
  /** Writes what is not written yet. */
  close(): Promise<void>;
}

/** `config/subscriptionGroup.json`. Implemented by `groups/subscription-group-manager.ts`. */
export interface GroupTable {
  readonly dataVersion: DataVersion;
  readonly size: number;
  /** The group's config; auto-created when allowed. `undefined`: unknown, illegal name, or too many groups. */
  findOrCreate(group: string): SubscriptionGroupConfig | undefined;
  get(group: string): SubscriptionGroupConfig | undefined;
  entries(): Iterable<SubscriptionGroupConfig>;
  close(): Promise<void>;
}

/** One connected client of a group. */
export interface ClientChannel {
  readonly peer: Peer;
  readonly clientId: string;
  readonly language: string;
  readonly version: number;
  /** By the broker's clock, ms. */
  lastHeartbeatMs: number;
}

/** A consumer group that has at least one connected client. */
export interface ConsumerGroupInfo {
  readonly groupName: string;
  consumeType: string;
  messageModel: string;
  consumeFromWhere: string;
  readonly channels: ReadonlyMap<Peer, ClientChannel>;
  /** topic -> what the group wants of it, by the newest heartbeat. The object is replaced, never changed, on a new subVersion. */
  readonly subscriptions: ReadonlyMap<string, SubscriptionData>;
}

/** Who consumes now. Implemented by `groups/consumer-manager.ts`. */
export interface ConsumerTable {
  get(group: string): ConsumerGroupInfo | undefined;
  groups(): Iterable<ConsumerGroupInfo>;
  /** One consumer group of one heartbeat. Fires `onGroupChanged` when a channel or a topic came or went. */
  heartbeat(client: Omit<ClientChannel, 'lastHeartbeatMs'>, data: ConsumerData): void;
  unregister(peer: Peer, clientId: string, group: string): void;
  /** The connection is gone: leaves every group. */
  dropPeer(peer: Peer): void;
  /** Drops clients silent for `channelExpiredTimeoutMs` and closes their connections. */
  dropExpired(): void;
  clientIds(group: string): string[];
  findChannel(group: string, clientId: string): ClientChannel | undefined;
}

/** Who produces now. Implemented by `groups/producer-manager.ts`. */
export interface ProducerTable {
  heartbeat(client: Omit<ClientChannel, 'lastHeartbeatMs'>, group: string): void;
  unregister(peer: Peer, clientId: string, group: string): void;
  dropPeer(peer: Peer): void;
  dropExpired(): void;
  channels(group: string): Iterable<ClientChannel>;
  groups(): Iterable<string>;
}

/** Where the broker says what happened. The default keeps silent; the process writes lines. */
export type BrokerLog = (level: 'info' | 'warn' | 'error', message: string, fields?: Record<string, unknown>) => void;

/** Tells the name servers what this broker has. Implemented by `registration/name-server-registrar.ts`. */
export interface Registration {
  /** Registers soon with all topics; several calls in one tick make one request per name server. */
  topicsChanged(): void;
}

/** What RocketMQ counts for `mqadmin clusterList` and the like. Rates are messages per second. */
export interface BrokerStatistics {
  readonly bootTimestamp: number;
  readonly putTotal: number;
  readonly getTotal: number;
  /** RocketMQ's text form: the rate of the last 10 s, 60 s and 600 s, separated by one blank. */
  putTps(): string;
  getTps(): string;
  /** Messages put to a topic / taken by a group in the last minute, per second. */
  topicPutTps(topic: string): number;
  groupGetTps(group: string, topic: string): number;
  putsToday(): { yesterdayMorning: number; todayMorning: number; now: number };
  getsToday(): { yesterdayMorning: number; todayMorning: number; now: number };
}

/** Level -> offset of the next message of SCHEDULE_TOPIC_XXXX to deliver. */
export interface DelayTable {
  readonly levelMax: number;
  offsets(): ReadonlyMap<number, number>;
}

export interface BrokerContext {
  readonly config: BrokerConfig;
  readonly clock: BrokerClock;
  readonly store: MessageStore;
  readonly offsets: ConsumerOffsetStore;
  readonly topics: TopicConfigManager;
  readonly groups: SubscriptionGroupManager;
  readonly consumers: ConsumerTable;
  readonly producers: ProducerTable;
  readonly delay: DelayTable;
  readonly registration: Registration;
  readonly statistics: BrokerStatistics;
  readonly log: BrokerLog;
  /** The address clients are told (`brokerIP1:port`); also the storeHost of every record. */
  readonly address: string;
  /** Set while shutting down: no new work. */
  readonly draining: boolean;
}
