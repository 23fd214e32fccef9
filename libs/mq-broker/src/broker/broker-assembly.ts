import { join } from 'node:path';
import { listenPeers, MESSAGE_BODY_BYTES_CEILING, TopicName } from '@rocketshop/mq-protocol';
import type { PeerHandlers, PeerServer } from '@rocketshop/mq-protocol';
import type { Logger } from '../logger.js';
import { configFileStorage } from '../config-file-storage.js';
import { connectionsLeft, storeFilesMax } from '../open-files.js';
import type { ConfigStorage } from '../config/index.js';
import { ConsumerOffsetStore, MessageStore, NodeDisk, ownedDisk } from '../store/index.js';
import type { MessageStoreOptions } from '../store/index.js';
import { AckQueue } from './acks/ack-queue.js';
import { SendAnswerWriter } from './answers/send-answer-writer.js';
import { elapsedClockOf } from './broker-clock.js';
import type { BrokerClock } from './broker-clock.js';
import type { BrokerContext } from './broker-context.js';
import { nameServersOf } from './broker.config.js';
import type { BrokerConfig } from './broker.config.js';
import { DelayLevels } from './delay/delay-levels.js';
import { DelayOffsetFile } from './delay/delay-offset-file.js';
import { DelayScheduler } from './delay/delay-scheduler.js';
import { Undelivered } from './delay/undelivered.js';
import { ConsumerManager, ProducerManager, SubscriptionGroupManager } from './groups/index.js';
import { QueueLockTable } from './locks/queue-lock-table.js';
import { LongPollTable } from './long-poll/long-poll-table.js';
import { notifyConsumerIdsChanged } from './processors/client-processors.js';
import { PullProcessor } from './pull/pull-processor.js';
import { NameServerRegistrar } from './registration/name-server-registrar.js';
import { SAVED_SETTINGS_FILE, SavedSettings } from './saved-settings.js';
import { SendProcessor } from './send/send-processor.js';
import { STEADY_TIME_FILE, SteadyTime } from './steady-time.js';
import { BrokerStatistics } from './statistics/broker-statistics.js';
import { createRequestRoutes } from './request-routes.js';
import type { RequestRoutes } from './request-routes.js';
import { TopicConfigManager } from './topics/index.js';

export interface BrokerParts {
  config: BrokerConfig;
  /** Root folder of the store. Without one a temporary store lives as long as the broker. */
  storePathRootDir: string | undefined;
  /** For the store, beyond what RocketMQ's settings say. */
  storeOptions: MessageStoreOptions;
  clock: BrokerClock;
  log: Logger;
}

/** Everything a running broker consists of. */
export interface BrokerAssembly {
  readonly context: BrokerContext & { draining: boolean };
  readonly server: PeerServer;
  readonly delay: DelayScheduler;
  readonly acks: AckQueue;
  readonly longPolls: LongPollTable;
  readonly registrar: NameServerRegistrar;
  readonly consumers: ConsumerManager;
  readonly producers: ProducerManager;
  readonly locks: QueueLockTable;
  readonly statistics: BrokerStatistics;
  readonly routes: RequestRoutes;
}

const nowhere: ConfigStorage = { load: () => Promise.resolve(undefined), save: () => Promise.resolve() };

/** Each start writes these tables if they are not there. */
const EVERY_STORE_HAS: ReadonlySet<string> = new Set(['topics.json', 'subscriptionGroup.json']);

interface OpenedStore {
  store: MessageStore;
  offsets: ConsumerOffsetStore;
  topics: TopicConfigManager;
  groups: SubscriptionGroupManager;
  settings: SavedSettings;
  steady: SteadyTime;
  delayFile: DelayOffsetFile;
}

/** Recovers the store and reads all its tables. Nobody can reach the broker before that: a start may fail at each of them. */
async function openStore(parts: BrokerParts, levels: DelayLevels): Promise<OpenedStore> {
  const { config, log } = parts;
  const store = await MessageStore.open({
    dir: parts.storePathRootDir,
    flushDiskType: config.flushDiskType,
    ...(parts.storePathRootDir === undefined ? {} : { mappedFileSizeCommitLog: config.mappedFileSizeCommitLog }),
    // What is stored is read and delivered, whatever may be sent today.
    maxMessageSize: MESSAGE_BODY_BYTES_CEILING,
    fileReservedTimeMs: config.fileReservedTime * 3_600_000,
    deleteWhen: config.deleteWhen,
    diskMaxUsedSpaceRatio: config.diskMaxUsedSpaceRatio / 100,
    deliverTimeOf: (level, storeTimestamp) => Math.ceil(storeTimestamp + levels.delayMs(level)),
    now: () => parts.clock.now(),
    log,
    ...parts.storeOptions,
  });
  const opened: Partial<OpenedStore> = { store };
  try {
    return await readTables(parts, store, opened);
  } catch (error) {
    await closeStore(opened);
    throw error;
  }
}

/** Puts each table into `opened` as soon as it is there. What the log knows better than the tables is set right. */
async function readTables(parts: BrokerParts, store: MessageStore, opened: Partial<OpenedStore>): Promise<OpenedStore> {
  const { config, clock, log } = parts;
  const configDirectory = join(store.directory, 'config');
  const disk = ownedDisk(new NodeDisk(), () => store.isOwner);
  const delayFile = DelayOffsetFile.open(join(configDirectory, 'delayOffset.json'), log, disk);
  const offsets = (opened.offsets = ConsumerOffsetStore.open({ directory: configDirectory, log, disk }));
  for (const { topic, group, queueId } of offsets.pullBack((topic, queueId) =>
    store.reader.maxOffset(topic, queueId),
  )) {
    log('warn', 'a committed offset was beyond the end of its queue', { topic, group, queueId });
  }
  const isUsed = store.maxPhysicalOffset > 0;
  // A temporary store is gone with the broker: its tables need no disk, which halves the time to start.
  const storageOf = (name: string): ConfigStorage =>
    parts.storePathRootDir === undefined
      ? nowhere
      : configFileStorage(join(configDirectory, name), log, { disk, isExpected: isUsed && EVERY_STORE_HAS.has(name) });
  const onSaveError = (error: unknown): void =>
    log('error', 'a table could not be saved or read', { error: String(error) });
  const steady = (opened.steady = await SteadyTime.load(clock, storageOf(STEADY_TIME_FILE), onSaveError));
  const settings = await SavedSettings.load({ config, storage: storageOf(SAVED_SETTINGS_FILE), log });
  const topics = (opened.topics = await TopicConfigManager.load({
    config,
    storage: storageOf('topics.json'),
    clock,
    onSaveError,
  }));
  topics.adoptStoredQueues(store.queues());
  const groups = await SubscriptionGroupManager.load({
    config,
    storage: storageOf('subscriptionGroup.json'),
    clock,
    onSaveError,
  });
  return { store, offsets, topics, groups, settings, steady, delayFile };
}

/** Ends what a failed start has opened. The start's own error is the one that counts. */
async function closeStore({ topics, groups, offsets, steady, store }: Partial<OpenedStore>): Promise<void> {
  for (const part of [topics, groups, offsets, steady, store]) await part?.close().catch(() => undefined);
}

/** Opens the store, listens and puts the parts together. `handlers` get every frame. */
export async function assembleBroker(parts: BrokerParts, handlers: PeerHandlers): Promise<BrokerAssembly> {
  const { config, clock, log } = parts;
  const connectionsMax = connectionsLeft(config.limits.connectionsMax, { storeFiles: storeFilesMax(), log });
  const delayLevels = new DelayLevels(config.messageDelayLevel, config.timeScale);
  const opened = await openStore(parts, delayLevels);
  const { store, topics, groups, steady } = opened;
  const elapsed = elapsedClockOf(clock);
  const server = await listenPeers({
    host: config.bindAddress,
    port: config.listenPort,
    handlers,
    limits: { connectionsMax, idleTimeoutMs: config.channelExpiredTimeout },
  }).catch(async (error: unknown) => {
    await closeStore(opened);
    throw error;
  });
  const address = `${config.brokerIP1}:${server.port}`;
  store.setStoreHost(config.brokerIP1, server.port);
  const acks = createAckQueue(parts, store, server.port);
  const statistics = new BrokerStatistics(clock);
  const consumers = createConsumers(parts, groups);
  const producers = new ProducerManager({ clock: elapsed, channelExpiredTimeoutMs: config.channelExpiredTimeout });
  const locks = new QueueLockTable(elapsed, config.rebalanceLockMaxLiveTime);
  const registrar = createRegistrar(parts, topics, server.port);
  const undelivered = new Undelivered({ store, topics, log });
  const file = opened.delayFile;
  const delay = new DelayScheduler({ store, topics, clock: steady, levels: delayLevels, file, undelivered, log });
  const context: BrokerContext & { draining: boolean } = {
    config,
    settings: opened.settings,
    clock,
    elapsed,
    steady,
    log,
    store,
    offsets: opened.offsets,
    topics,
    groups,
    consumers,
    producers,
    delay,
    endPullsOf: (topic) => longPolls.topicDeleted(topic),
    statistics,
    address,
    draining: false,
  };
  const pull = new PullProcessor({ context, longPolls: () => longPolls, statistics });
  const longPolls = new LongPollTable(elapsed, config.limits, (held) => pull.wake(held));
  const send = new SendProcessor({ context, acks, delayLevels, locks, statistics, storePort: server.port });
  const routes = createRequestRoutes({ context, send, pull, acks, delayLevels, locks });
  connect(store, { acks, delay, longPolls });
  return { context, server, delay, acks, longPolls, registrar, consumers, producers, locks, statistics, routes };
}

function createAckQueue({ config, clock }: BrokerParts, store: MessageStore, port: number): AckQueue {
  const { brokerIP1: storeHost, regionId, traceOn } = config;
  const writer = new SendAnswerWriter({ storeHost, storePort: port, regionId, traceOn });
  return new AckQueue(store, writer, elapsedClockOf(clock), {
    flushDiskType: config.flushDiskType,
    syncFlushTimeoutMs: config.syncFlushTimeout,
    pendingAcksMax: config.limits.pendingAcksMax,
  });
}

function createConsumers({ config, clock }: BrokerParts, groups: SubscriptionGroupManager): ConsumerManager {
  const consumers = new ConsumerManager({
    clock: elapsedClockOf(clock),
    channelExpiredTimeoutMs: config.channelExpiredTimeout,
    isNotifyEnabled: (group) => groups.get(group)?.notifyConsumerIdsChangedEnable !== false,
  });
  consumers.onGroupChanged = notifyConsumerIdsChanged;
  return consumers;
}

function createRegistrar(
  { config, clock, log }: BrokerParts,
  topics: TopicConfigManager,
  port: number,
): NameServerRegistrar {
  const registrar = new NameServerRegistrar({
    nameServers: nameServersOf(config.namesrvAddr),
    config,
    address: `${config.brokerIP1}:${port}`,
    haServerAddress: `${config.brokerIP1}:${port + 1}`,
    topics,
    clock,
    log,
  });
  topics.onChanged = () => registrar.topicsChanged();
  return registrar;
}

/** What the store tells goes to those who wait for it. */
function connect(
  store: MessageStore,
  { acks, delay, longPolls }: Pick<BrokerAssembly, 'acks' | 'delay' | 'longPolls'>,
): void {
  store.onProgress = () => acks.onProgress();
  store.onWithdrawn = () => {
    acks.onWithdrawn();
    delay.onWithdrawn();
  };
  store.onDispatch = (topic, queueId, queueOffset, tagsCode) => {
    if (topic === TopicName.SCHEDULE_TOPIC) delay.onMessage(queueId);
    else longPolls.onMessage(topic, queueId, queueOffset, tagsCode);
  };
}
