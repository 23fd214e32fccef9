import {
  kvTableBody,
  MQ_VERSION,
  RegisterBroker,
  registerBrokerBody,
  ResponseCode,
  UnregisterBroker,
} from '@rocketshop/mq-protocol';
import type { RemotingCommand, TopicConfig } from '@rocketshop/mq-protocol';
import type { BrokerClock } from '../broker-clock.js';
import type { Logger } from '../../logger.js';
import type { BrokerConfig } from '../broker.config.js';
import type { TopicConfigManager } from '../topics/index.js';
import { NameServerLink } from './name-server-link.js';

/** The pause before the next try after a name server was lost or refused a request. */
const RETRY_INTERVAL_MS = 1_000;
/** How long a start waits for its registration. A healthy name server answers at once, and one that hangs must not block the start. */
const START_WAIT_MS = 1_000;
/** How long an unregistration may take. Without it, the name server notices the closed connection. */
const UNREGISTER_TIMEOUT_MS = 1_000;
/** The bits of a topic's permission that the broker's own permission limits. */
const READ_WRITE = 6;

export interface NameServerRegistrarParts {
  /** Each `host:port`. */
  nameServers: readonly string[];
  config: BrokerConfig;
  /** The address by which clients reach this broker. */
  address: string;
  haServerAddress: string;
  topics: TopicConfigManager;
  clock: BrokerClock;
  log: Logger;
}

/**
 * Registers this broker's topics with every name server: at the start, every `registerNameServerPeriod`, as soon as a topic
 * changed, and within a second after a name server was lost. A registration always has the whole table, so that a restarted
 * name server knows everything after one request (RocketMQ `BrokerController.registerBrokerAll`).
 */
export class NameServerRegistrar {
  private readonly links: NameServerLink[];
  private readonly retries = new Map<NameServerLink, () => void>();
  private readonly running = new Set<NameServerLink>();
  /** Links whose running request has not the newest topics. */
  private readonly outdated = new Set<NameServerLink>();
  private cancelPeriod: (() => void) | undefined;
  private isScheduled = false;
  private isClosed = false;

  constructor(private readonly parts: NameServerRegistrarParts) {
    this.links = parts.nameServers.map((address) => {
      const link: NameServerLink = new NameServerLink(address, () => this.retry(link));
      return link;
    });
  }

  /**
   * Resolves when every name server has answered or could not be reached, and at the latest after a second. A name server
   * that is not there yet, or that does not answer, is tried again in the background.
   */
  async start(): Promise<void> {
    this.armPeriod();
    let cancel: (() => void) | undefined;
    const timeOut = new Promise<void>((resolve) => {
      cancel = this.parts.clock.after(START_WAIT_MS, resolve);
    });
    await Promise.race([this.registerEverywhere(), timeOut]);
    cancel?.();
  }

  /** Registers all topics soon. Several calls in one tick make one request for each name server. */
  topicsChanged(): void {
    if (this.isScheduled || this.isClosed) return;
    this.isScheduled = true;
    process.nextTick(() => {
      this.isScheduled = false;
      void this.registerEverywhere();
    });
  }

  /** Unregisters the broker, so that clients learn at once that it is gone. */
  async close(): Promise<void> {
    this.isClosed = true;
    this.cancelPeriod?.();
    for (const cancel of this.retries.values()) cancel();
    this.retries.clear();
    const unregister = UnregisterBroker.createRequest(this.identity(), { version: MQ_VERSION });
    const connected = this.links.filter((link) => link.isConnected);
    await Promise.allSettled(connected.map((link) => link.request(unregister, UNREGISTER_TIMEOUT_MS)));
    for (const link of this.links) link.close();
  }

  private armPeriod(): void {
    if (this.links.length === 0) return;
    this.cancelPeriod = this.parts.clock.after(this.parts.config.registerNameServerPeriod, () => {
      this.armPeriod();
      void this.registerEverywhere();
    });
  }

  private async registerEverywhere(): Promise<void> {
    if (this.isClosed || this.links.length === 0) return;
    await Promise.all(this.links.map((link) => this.register(link)));
  }

  /** Sends one request at a time to each name server. A change meanwhile makes one more request. Never rejects. */
  private async register(link: NameServerLink): Promise<void> {
    if (this.running.has(link)) {
      this.outdated.add(link);
      return;
    }
    this.running.add(link);
    try {
      this.accepted(await link.request(this.registration()));
      this.retries.get(link)?.();
      this.retries.delete(link);
    } catch (error) {
      if (!this.isClosed) {
        this.parts.log('warn', `registration with name server ${link.address} failed`, { error: String(error) });
        this.retry(link);
      }
    } finally {
      this.running.delete(link);
    }
    if (this.outdated.delete(link) && !this.isClosed) await this.register(link);
  }

  private retry(link: NameServerLink): void {
    if (this.isClosed || this.retries.has(link)) return;
    const cancel = this.parts.clock.after(RETRY_INTERVAL_MS, () => {
      this.retries.delete(link);
      void this.register(link);
    });
    this.retries.set(link, cancel);
  }

  /** Takes the answer: it may name the topics whose order must be kept. */
  private accepted(answer: RemotingCommand): void {
    if (answer.code !== ResponseCode.SUCCESS) throw new Error(`code ${answer.code}: ${answer.remark ?? ''}`);
    if (answer.body !== undefined) this.parts.topics.applyOrderTopics(new Set(kvTableBody.decode(answer.body).keys()));
  }

  private registration(): RemotingCommand {
    const { haServerAddress, topics } = this.parts;
    const { dataVersion, topicConfigTable } = topics.toTable();
    const permitted = new Map([...topicConfigTable].map(([name, topic]) => [name, this.permitted(topic)]));
    return RegisterBroker.createRequest(
      { ...this.identity(), haServerAddr: haServerAddress, compressed: false, bodyCrc32: 0 },
      {
        version: MQ_VERSION,
        body: registerBrokerBody.encode({
          topicConfigs: { dataVersion, topicConfigTable: permitted },
          filterServerList: [],
        }),
      },
    );
  }

  private identity(): { brokerName: string; brokerAddr: string; clusterName: string; brokerId: number } {
    const { config, address } = this.parts;
    return {
      brokerName: config.brokerName,
      brokerAddr: address,
      clusterName: config.brokerClusterName,
      brokerId: config.brokerId,
    };
  }

  /** Takes from a topic's permission what the broker as a whole does not allow. */
  private permitted(topic: TopicConfig): TopicConfig {
    const { brokerPermission } = this.parts.config;
    if ((brokerPermission & READ_WRITE) === READ_WRITE) return topic;
    return { ...topic, perm: topic.perm & (brokerPermission | ~READ_WRITE) };
  }
}
