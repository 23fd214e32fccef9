import type { Peer, RemotingCommand } from '@rocketshop/mq-protocol';
import type { Logger } from '../logger.js';
import type { ConsumerOffsetStore, MessageStore } from '../store/index.js';
import type { BrokerClock, ElapsedClock } from './broker-clock.js';
import type { BrokerConfig } from './broker.config.js';
import type { DelayScheduler } from './delay/delay-scheduler.js';
import type { ConsumerManager, ProducerManager, SubscriptionGroupManager } from './groups/index.js';
import type { SavedSettings } from './saved-settings.js';
import type { SteadyTime } from './steady-time.js';
import type { BrokerStatistics } from './statistics/broker-statistics.js';
import type { TopicConfigManager } from './topics/index.js';

/**
 * Answers one request. `undefined` means that the processor calls `peer.reply()` later. A thrown error is answered with
 * code 1 and its text, a RequestRefusedError with its own code.
 */
export type Processor = (
  request: RemotingCommand,
  peer: Peer,
) => RemotingCommand | undefined | Promise<RemotingCommand | undefined>;

/** The parts of one broker that its processors use. `assembleBroker` builds the context once. */
export interface BrokerContext {
  readonly config: BrokerConfig;
  readonly settings: SavedSettings;
  /** The wall clock, for times that people and other programs read. */
  readonly clock: BrokerClock;
  /** For how long something took, or may take. */
  readonly elapsed: ElapsedClock;
  /** For when a delayed message is due. */
  readonly steady: SteadyTime;
  readonly store: MessageStore;
  readonly offsets: ConsumerOffsetStore;
  readonly topics: TopicConfigManager;
  readonly groups: SubscriptionGroupManager;
  readonly consumers: ConsumerManager;
  readonly producers: ProducerManager;
  readonly delay: DelayScheduler;
  /** Answers the held pulls of a topic that was deleted. */
  readonly endPullsOf: (topic: string) => void;
  readonly statistics: BrokerStatistics;
  readonly log: Logger;
  /** `brokerIP1:port`: the address that clients are told, and the storeHost of every record. */
  readonly address: string;
  /** True while the broker shuts down: it takes no new work. */
  readonly draining: boolean;
}
