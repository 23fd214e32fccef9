import { GetRouteInfoByTopic, messageOf, ResponseCode, TopicName, UnregisterClient } from '@rocketshop/mq-protocol';
import type { RemotingCommand } from '@rocketshop/mq-protocol';
import type { ResolvedClientOptions } from '../client.config.js';
import { BrokerNotFoundError, BrokerRefusedError } from '../client-error.js';
import type { Logger } from '../logger.js';
import type { MessageQueue } from '../message.js';
import { createClientId } from './client-id.js';
import { Connections } from './connections.js';
import { Heartbeats } from './heartbeats.js';
import { Members } from './members.js';
import type { ConsumerMember } from './members.js';
import { NameServers } from './name-servers.js';
import { PeriodicTask } from './periodic-task.js';
import { RouteTable } from './route-table.js';
import { ServerRequests } from './server-requests.js';

/** First pause before a missing route is asked for again. It doubles up to the interval of the normal route refresh. */
const MISSING_ROUTE_RETRY_MIN_MS = 200;

/**
 * What the producers and consumers of a process share: a client id, one connection to each broker, routes and
 * heartbeats. Source: client/impl/factory/MQClientInstance.java.
 */
export class ClientInstance {
  readonly clientId = createClientId();
  readonly logger: Logger;
  readonly nameServers: NameServers;
  readonly routes: RouteTable;
  readonly brokers: Connections;
  readonly heartbeats: Heartbeats;
  readonly members = new Members();

  private readonly nameServerConnections: Connections;
  private readonly routePoll: PeriodicTask;
  private missingTimer: NodeJS.Timeout | undefined;
  private missingDelayMs = MISSING_ROUTE_RETRY_MIN_MS;
  private closed = false;

  constructor(readonly options: ResolvedClientOptions) {
    this.logger = options.logger;
    const shared = { connectTimeoutMs: options.connectTimeoutMillis, logger: this.logger };
    this.nameServerConnections = new Connections({
      ...shared,
      probe: () => GetRouteInfoByTopic.createRequest({ topic: TopicName.AUTO_CREATE_TOPIC_KEY_TOPIC }),
    });
    this.nameServers = new NameServers(
      options.nameServers,
      this.nameServerConnections,
      options.mqClientApiTimeout,
      this.logger,
    );
    this.routes = new RouteTable(this.nameServers, this.logger, (route) => {
      for (const consumer of this.members.consumers.values()) consumer.onRouteChange(route);
    });
    const serverRequests = new ServerRequests(this.members, this.logger);
    this.brokers = new Connections({
      ...shared,
      probe: () => this.heartbeats.command(),
      onRequest: (command, peer) => serverRequests.handle(command, peer),
      onOpen: (_peer, address) => this.onBrokerOpen(address),
    });
    this.heartbeats = new Heartbeats(this.clientId, this.members, this.routes, this.brokers, options);
    this.routePoll = new PeriodicTask(
      options.pollNameServerInterval,
      () => this.pollRoutes(),
      (error) => this.logger.warn(`routes were not refreshed: ${messageOf(error)}`),
    );
  }

  start(): void {
    this.routePoll.start();
    this.heartbeats.start();
  }

  /** @throws DuplicateGroupError */
  addConsumer(member: ConsumerMember): void {
    this.members.addConsumer(member);
    this.missingDelayMs = MISSING_ROUTE_RETRY_MIN_MS;
    this.scheduleMissing();
  }

  /**
   * Tells every connected broker that the group has left this client, and waits for the answers. One that is silent hears of it
   * when its connection ends.
   */
  async unregister(groups: { producerGroup?: string; consumerGroup?: string }): Promise<void> {
    this.members.remove(groups);
    const answering = this.brokers.openAddresses().filter((address) => !this.brokers.silent.has(address));
    await Promise.all(
      answering.map(async (address) => {
        try {
          await this.invoke(address, UnregisterClient.createRequest({ clientID: this.clientId, ...groups }));
        } catch (error) {
          this.logger.debug(`unregister at ${address}: ${messageOf(error)}`);
        }
      }),
    );
  }

  /**
   * Resolves with the answer, whatever its code.
   * @param holdMs the broker may hold the request back for this time
   * @throws ConnectionError, RequestTimeoutError
   */
  request(
    address: string,
    command: RemotingCommand,
    timeoutMs = this.options.mqClientApiTimeout,
    holdMs = 0,
  ): Promise<RemotingCommand> {
    return this.brokers.request(address, command, timeoutMs, holdMs);
  }

  /** Like request(). @throws BrokerRefusedError for every code other than success */
  async invoke(address: string, command: RemotingCommand, timeoutMs?: number): Promise<RemotingCommand> {
    const response = await this.request(address, command, timeoutMs);
    if (response.code === ResponseCode.SUCCESS) return response;
    throw new BrokerRefusedError(response.code, response.remark ?? '', address, false);
  }

  /** The broker's master has let a request wait too long, and has answered nothing since. */
  isSilent(brokerName: string): boolean {
    const address = this.routes.masterAddress(brokerName);
    return address !== undefined && this.brokers.silent.has(address);
  }

  /** The broker's master lets a request wait for long. */
  suspect(brokerName: string): void {
    const address = this.routes.masterAddress(brokerName);
    if (address !== undefined) this.brokers.silent.suspect(address);
  }

  /** @throws BrokerNotFoundError */
  async masterAddress(queue: MessageQueue): Promise<string> {
    const known = this.routes.masterAddress(queue.brokerName);
    if (known !== undefined) return known;
    await this.routes.refresh(queue.topic);
    const found = this.routes.masterAddress(queue.brokerName);
    if (found === undefined) throw new BrokerNotFoundError(queue.brokerName);
    return found;
  }

  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.missingTimer);
    await Promise.all([this.routePoll.stop(), this.heartbeats.stop()]);
    await Promise.all([this.brokers.closeAll(), this.nameServerConnections.closeAll()]);
  }

  private onBrokerOpen(address: string): void {
    // The heartbeat is the first frame of a new connection, because the broker must know the groups before their pulls.
    this.heartbeats.sendToBroker(address);
    for (const consumer of this.members.consumers.values()) consumer.rebalanceSoon();
  }

  private async pollRoutes(): Promise<void> {
    for (const [topic, template] of this.members.topicsInUse()) await this.routes.refresh(topic, template);
    this.routes.dropUnroutedBrokers();
    this.brokers.retain(new Set(this.routes.addresses(false)));
  }

  /** A consumer may start before its topic exists. Until the topic exists its route is asked for more often. */
  private scheduleMissing(): void {
    clearTimeout(this.missingTimer);
    if (this.closed) return;
    this.missingTimer = setTimeout(() => void this.pollMissingRoutes(), this.missingDelayMs);
    this.missingDelayMs = Math.min(this.missingDelayMs * 2, this.options.pollNameServerInterval);
  }

  private async pollMissingRoutes(): Promise<void> {
    const missing = [...this.members.consumedTopics()].filter((topic) => this.routes.peek(topic)?.fromTemplate ?? true);
    try {
      for (const topic of missing) await this.routes.refresh(topic);
    } catch (error) {
      this.logger.debug(`missing routes: ${messageOf(error)}`);
    }
    if (missing.length > 0) this.scheduleMissing();
  }
}
