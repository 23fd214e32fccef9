import {
  isSystemTopic,
  isValidTopicName,
  newDataVersion,
  nextDataVersion,
  PermName,
  topicConfigTableBody,
  TopicName,
  TOPICS_NOT_TO_SEND,
} from '@rocketshop/mq-protocol';
import type { DataVersion, TopicConfig, TopicConfigTable } from '@rocketshop/mq-protocol';
import type { BrokerConfig } from '../broker.config.js';
import { DeferredSave } from '../../config/index.js';
import type { ConfigStorage } from '../../config/index.js';
import { createTopicConfig, isSameTopicConfig } from './topic-config.js';
import { systemTopicConfigs } from './system-topics.js';
import { checkTopicTable } from '../table-checks.js';

/** Limits the queues that one administration request can add to a route, since every reader of the route lists them all. */
export const QUEUE_NUMS_MAX = 16_384;

export interface TopicConfigManagerOptions {
  /** `autoCreateTopicEnable` is read on each use, because an administrator may switch it while the broker runs. */
  config: Pick<
    BrokerConfig,
    'brokerClusterName' | 'brokerName' | 'autoCreateTopicEnable' | 'defaultTopicQueueNums' | 'limits'
  >;
  storage: ConfigStorage;
  clock: { now(): number };
  /** Called when a background save failed. The next change tries again. */
  onSaveError?: (error: unknown) => void;
}

/**
 * The topics of this broker: `topics.json` in RocketMQ's shape, and the version by which name servers see a change.
 * Look-ups and creations are synchronous, because a send must not wait; the table is saved in the background.
 *
 * Source: broker/topic/TopicConfigManager.java.
 */
export class TopicConfigManager {
  /**
   * Called after each change with the topics that were created or changed, so that the broker registers them at once.
   * An empty list means that a topic was removed: the broker has to register the whole table.
   */
  onChanged: ((topics: readonly TopicConfig[]) => void) | undefined;

  private readonly table = new Map<string, TopicConfig>();
  private readonly systemTopicNames = new Set<string>();
  private readonly clock: { now(): number };
  private readonly saving: DeferredSave;
  /** Topics whose last change may not be stored yet, with the number of that change. */
  private readonly unsaved = new Map<string, number>();
  private version: DataVersion;

  private constructor(private readonly options: TopicConfigManagerOptions) {
    this.clock = options.clock;
    this.version = newDataVersion(this.clock.now());
    this.saving = new DeferredSave(options.storage, () => this.encode(), options.onSaveError ?? (() => {}));
  }

  /** Reads the saved table and adds the system topics. Throws what the storage throws, and BodyError on unreadable text. */
  static async load(options: TopicConfigManagerOptions): Promise<TopicConfigManager> {
    const manager = new TopicConfigManager(options);
    const text = await options.storage.load(checkTopicTable);
    if (text !== undefined) manager.decode(text);
    manager.addSystemTopics();
    return manager;
  }

  get dataVersion(): DataVersion {
    return { ...this.version };
  }

  get size(): number {
    return this.table.size;
  }

  /** A map look-up: every send and every pull calls it. */
  get(topic: string): TopicConfig | undefined {
    return this.table.get(topic);
  }

  entries(): Iterable<TopicConfig> {
    return this.table.values();
  }

  systemTopics(): string[] {
    return [...this.systemTopicNames].sort();
  }

  /** True for topics of the broker itself: a request may neither change nor delete them. */
  isSystemTopic(topic: string): boolean {
    return this.systemTopicNames.has(topic) || isSystemTopic(topic);
  }

  /** True for topics that only the broker writes: SCHEDULE_TOPIC_XXXX, the half topics and others. */
  isForbiddenToSend(topic: string): boolean {
    return TOPICS_NOT_TO_SEND.has(topic);
  }

  /**
   * Creates a topic because a producer sent to it (RocketMQ `createTopicInSendMessageMethod`). Returns undefined when
   * that is not allowed: auto-creation is off, the template `defaultTopic` is missing or lacks INHERIT, the name is
   * illegal, or there are too many topics.
   */
  createInSend(topic: string, defaultTopic: string, queueNums: number, topicSysFlag: number): TopicConfig | undefined {
    const existing = this.table.get(topic);
    if (existing !== undefined) return existing;
    const template = this.table.get(defaultTopic);
    if (template === undefined || (template.perm & PermName.INHERIT) === 0) return undefined;
    if (defaultTopic === TopicName.AUTO_CREATE_TOPIC_KEY_TOPIC && !this.options.config.autoCreateTopicEnable)
      return undefined;
    return this.create({
      ...createTopicConfig(topic, Math.max(0, Math.min(queueNums, template.writeQueueNums))),
      perm: template.perm & ~PermName.INHERIT,
      topicFilterType: template.topicFilterType,
      topicSysFlag,
    });
  }

  /**
   * Returns a topic that the broker itself needs (`%RETRY%group`, `%DLQ%group`), and creates a missing one (RocketMQ
   * `createTopicInSendMessageBackMethod`). Undefined means that the name is illegal or there are too many topics.
   */
  createInSendBack(topic: string, queueNums: number, perm: number, topicSysFlag: number): TopicConfig | undefined {
    return this.table.get(topic) ?? this.create({ ...createTopicConfig(topic, queueNums), perm, topicSysFlag });
  }

  /**
   * Creates or replaces a topic on an administrator's request. Returns false when nothing changes. The caller has
   * validated the name. Throws TopicLimitError when there are too many topics.
   */
  update(config: TopicConfig): boolean {
    const existing = this.table.get(config.topicName);
    if (existing !== undefined && isSameTopicConfig(existing, config)) return false;
    if (existing === undefined && this.table.size >= this.options.config.limits.topicsMax) {
      throw new TopicLimitError(this.options.config.limits.topicsMax);
    }
    this.table.set(config.topicName, config);
    this.changed([config]);
    return true;
  }

  /** Removes a topic. Returns false when there was none. */
  delete(topic: string): boolean {
    if (!this.table.delete(topic)) return false;
    this.changed([]);
    return true;
  }

  /** Takes the order topics from a name server's answer to a registration: these are ordered, all others are not. */
  applyOrderTopics(orderTopics: ReadonlySet<string>): void {
    const changed: TopicConfig[] = [];
    for (const config of this.table.values()) {
      const order = orderTopics.has(config.topicName);
      if (config.order === order) continue;
      const next = { ...config, order };
      this.table.set(config.topicName, next);
      changed.push(next);
    }
    if (changed.length > 0) this.changed(changed);
  }

  /**
   * Creates topics for queues that are in the store but not in `topics.json`. Without this, a kill between the first
   * message of an auto-created topic and the save of the table would make that message unreachable.
   */
  adoptStoredQueues(queues: Iterable<{ topic: string; queueId: number }>): TopicConfig[] {
    const queueNums = new Map<string, number>();
    for (const { topic, queueId } of queues) {
      if (this.table.has(topic) || !isValidTopicName(topic)) continue;
      queueNums.set(topic, Math.max(queueNums.get(topic) ?? 0, queueId + 1));
    }
    const adopted = [...queueNums].map(([topic, count]) => createTopicConfig(topic, count));
    for (const config of adopted) this.table.set(config.topicName, config);
    if (adopted.length > 0) this.changed(adopted);
    return adopted;
  }

  /** The table in the form of registrations and of the answer to GET_ALL_TOPIC_CONFIG. */
  toTable(): TopicConfigTable {
    return { dataVersion: this.dataVersion, topicConfigTable: this.table };
  }

  /** False while the topic's last change is not stored: after a crash the topic would have other queues, or be gone. */
  isSaved(topic: string): boolean {
    if (this.unsaved.size === 0) return true;
    const version = this.unsaved.get(topic);
    if (version === undefined) return true;
    if (version > this.saving.storedVersion) return false;
    this.unsaved.delete(topic);
    return true;
  }

  /** Resolves when every change made so far is saved. */
  saved(): Promise<void> {
    return this.saving.settled();
  }

  /** Saves the changes that are not saved yet. */
  close(): Promise<void> {
    return this.saved();
  }

  private create(config: TopicConfig): TopicConfig | undefined {
    if (!isValidTopicName(config.topicName) || this.table.size >= this.options.config.limits.topicsMax)
      return undefined;
    this.table.set(config.topicName, config);
    this.changed([config]);
    return config;
  }

  private changed(topics: readonly TopicConfig[]): void {
    this.version = nextDataVersion(this.version, this.clock.now());
    this.saving.request();
    for (const { topicName } of topics) this.unsaved.set(topicName, this.saving.version);
    this.onChanged?.(topics);
  }

  private addSystemTopics(): void {
    const { autoCreateTopicEnable, defaultTopicQueueNums, ...names } = this.options.config;
    const wanted = systemTopicConfigs(names, autoCreateTopicEnable ? defaultTopicQueueNums : undefined);
    const added: TopicConfig[] = [];
    for (const config of wanted) {
      this.systemTopicNames.add(config.topicName);
      const existing = this.table.get(config.topicName);
      if (existing !== undefined && isSameTopicConfig(existing, config)) continue;
      this.table.set(config.topicName, config);
      added.push(config);
    }
    if (added.length > 0) this.changed(added);
  }

  private encode(): string {
    return topicConfigTableBody.encode(this.toTable()).toString('utf8');
  }

  private decode(text: string): void {
    const { dataVersion, topicConfigTable } = topicConfigTableBody.decode(text);
    this.version = dataVersion;
    for (const [topic, config] of topicConfigTable) {
      // The name becomes a folder's name, so a name from the file is checked like a name from a client.
      if (isValidTopicName(topic)) this.table.set(topic, { ...config, topicName: topic });
    }
  }
}

/** Thrown when one more topic would exceed the broker's limit. */
export class TopicLimitError extends Error {
  readonly code = 'TOPIC_LIMIT';
  readonly retriable = false;

  constructor(readonly topicsMax: number) {
    super(`this broker already has ${topicsMax} topics`);
    this.name = 'TopicLimitError';
  }
}
