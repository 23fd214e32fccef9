import {
  kvTableBody,
  MQ_VERSION,
  RegisterBroker,
  registerBrokerBody,
  ResponseCode,
  UnregisterBroker,
  type RemotingCommand,
  type TopicConfig,
} from '@rocketshop/mq-protocol';
import type { BrokerClock } from '../broker-clock.js';
import type { Logger } from '../../logger.js';
import type { BrokerConfig } from '../broker.config.js';
import type { TopicConfigManager } from '../topics/index.js';
import { NameServerLink } from './name-server-link.js';

/** How soon a name server that was lost, or refused, is tried again. */
const RETRY_INTERVAL_MS = 1_000;
/** How long a start waits to be known: a name server that is there answers at once, one that hangs must not be waited for. */
const START_WAIT_MS = 1_000;
/** How long a goodbye may take. Without it the name server notices the closed connection. */
const FAREWELL_TIMEOUT_MS = 1_000;
/** Bits of a permission that the broker's own permission may take away. */
const READ_WRITE = 6;

export interface NameServerRegistrarParts {
  /** `host:port` each. */
  nameServers: readonly string[];
  config: BrokerConfig;
  /** Where clients reach this broker. */
  address: string;
  haServerAddress: string;
  topics: TopicConfigManager;
  clock: BrokerClock;
  log: Logger;
}

/**
 * Tells every name server what this broker has: at start, every `registerNameServerPeriod`, as soon as a topic changed, and
 * again within a second after a name server was lost. Always the whole table, so that a name server which just came back
 * knows everything after one request (RocketMQ `BrokerController.registerBrokerAll`).
 */
export class NameServerRegistrar {
  private readonly links: NameServerLink[];
  private readonly retries = new Map<NameServerLink, () => void>();
  private readonly running = new Set<NameServerLink>();
  /** Links whose running request does not have the newest topics. */
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
   * Resolves when every name server has answered or could not be reached, or after a second. One that is not there yet, or
   * does not answer, is tried again in the background.
   */
  async start(): Promise<void> {
    this.armPeriod();
    let cancel: (() => void) | undefined;
    const longEnough = new Promise<void>((resolve) => {
      cancel = this.parts.clock.after(START_WAIT_MS, resolve);
    });
    await Promise.race([this.registerEverywhere(), longEnough]);
    cancel?.();
  }

  topicsChanged(): void {
    if (this.isScheduled || this.isClosed) return;
    this.isScheduled = true;
    process.nextTick(() => {
      this.isScheduled = false;
      void this.registerEverywhere();
    });
  }

  /** Says goodbye, so that clients hear at once that this broker is gone. */
  async close(): Promise<void> {
    this.isClosed = true;
    this.cancelPeriod?.();
    for (const cancel of this.retries.values()) cancel();
    this.retries.clear();
    const farewell = UnregisterBroker.createRequest(this.identity(), { version: MQ_VERSION });
    const connected = this.links.filter((link) => link.isConnected);
    await Promise.allSettled(connected.map((link) => link.request(farewell, FAREWELL_TIMEOUT_MS)));
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

  /** One request at a time to each; a change meanwhile makes one more. Never rejects. */
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

  /** The answer may name the topics whose order must be kept. */
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

  /** What the broker as a whole does not allow, no topic allows. */
  private permitted(topic: TopicConfig): TopicConfig {
    const { brokerPermission } = this.parts.config;
    if ((brokerPermission & READ_WRITE) === READ_WRITE) return topic;
    return { ...topic, perm: topic.perm & (brokerPermission | ~READ_WRITE) };
  }
}
