import { HeartBeat, heartbeatBody, messageOf, ResponseCode } from '@rocketshop/mq-protocol';
import type { RemotingCommand } from '@rocketshop/mq-protocol';
import type { ResolvedClientOptions } from '../client.config.js';
import type { Connections } from './connections.js';
import type { Members } from './members.js';
import { PeriodicTask } from './periodic-task.js';
import type { RouteTable } from './route-table.js';

/**
 * Tells every broker which groups live in this client: as the first frame of a new connection, then every
 * heartbeatBrokerInterval, and when the groups or their subscriptions change. An instance that has producers only sends
 * heartbeats to masters only.
 */
export class Heartbeats {
  private readonly task: PeriodicTask;
  /** The last refusal of each broker. A refusal is logged when it begins and when its reason changes. */
  private readonly refusals = new Map<string, string>();

  constructor(
    private readonly clientId: string,
    private readonly members: Members,
    private readonly routes: RouteTable,
    private readonly brokers: Connections,
    private readonly options: ResolvedClientOptions,
  ) {
    this.task = new PeriodicTask(
      options.heartbeatBrokerInterval,
      () => this.sendToAll(),
      (error) => options.logger.warn(`heartbeat: ${messageOf(error)}`),
    );
  }

  start(): void {
    this.task.start();
  }

  stop(): Promise<void> {
    return this.task.stop();
  }

  /** Resolves when every reachable broker has answered. */
  sendToAllBrokers(): Promise<void> {
    return this.task.runNow();
  }

  /** Writes a heartbeat at once and does not wait for the answer. */
  sendToBroker(address: string): void {
    if (!this.members.isEmpty) void this.send(address);
  }

  private async sendToAll(): Promise<void> {
    if (this.members.isEmpty) return;
    const addresses = this.routes.addresses(this.members.consumers.size === 0);
    await Promise.all(
      addresses.map(async (address) => {
        // A heartbeat is what a silent server is probed with, and nobody should wait for it here.
        if (this.brokers.silent.has(address)) return;
        const open = this.brokers.peek(address);
        // A connection that opens now sends its own heartbeat.
        if (open === undefined) await this.brokers.get(address).catch(() => undefined);
        else await this.send(address);
      }),
    );
  }

  private async send(address: string): Promise<void> {
    try {
      const answer = await this.brokers.request(address, this.command(), this.options.mqClientApiTimeout);
      this.logRefusal(address, answer);
    } catch (error) {
      this.options.logger.debug(`heartbeat to ${address}: ${messageOf(error)}`);
    }
  }

  command(): RemotingCommand {
    const body = heartbeatBody.encode({
      clientID: this.clientId,
      producerGroups: [...this.members.producers.keys()],
      consumerDataSet: [...this.members.consumers.values()].map((consumer) => consumer.consumerData()),
    });
    return HeartBeat.createRequest({}, { body });
  }

  private logRefusal(address: string, response: RemotingCommand): void {
    const { logger } = this.options;
    if (response.code === ResponseCode.SUCCESS) {
      if (this.refusals.delete(address)) logger.info(`${address} accepts heartbeats again`);
      return;
    }
    const refusal = `${response.code} ${response.remark ?? ''}`;
    if (this.refusals.get(address) === refusal) return;
    this.refusals.set(address, refusal);
    const groups = [...this.members.consumers.keys(), ...this.members.producers.keys()].join(', ');
    logger.error(`${address} refuses the heartbeat of ${groups}: ${refusal}`);
  }
}
