import { HeartBeat, heartbeatBody, ResponseCode, type Peer, type RemotingCommand } from '@rocketshop/mq-protocol';
import type { ClientInstance } from './client-instance.js';
import { messageOf } from './connections.js';
import { PeriodicTask } from './periodic-task.js';

/**
 * Tells every broker which groups live here: first thing on a new connection, then every heartbeatBrokerInterval, and
 * when the groups or their subscriptions change. Producers alone are told to masters only.
 */
export class Heartbeats {
  private readonly task: PeriodicTask;
  /** The last refusal of each broker, so that it is logged when it begins and when it changes. */
  private readonly refusals = new Map<string, string>();

  constructor(private readonly instance: ClientInstance) {
    this.task = new PeriodicTask(
      instance.options.heartbeatBrokerInterval,
      () => this.sendToAll(),
      (error) => instance.logger.warn(`heartbeat: ${messageOf(error)}`),
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

  /** Writes a heartbeat at once; the answer is looked at when it comes. */
  sendToBroker(peer: Peer, address: string): void {
    if (this.idle) return;
    void this.send(peer, address);
  }

  private get idle(): boolean {
    return this.instance.producers.size === 0 && this.instance.consumers.size === 0;
  }

  private async sendToAll(): Promise<void> {
    if (this.idle) return;
    const addresses = this.instance.routes.addresses(this.instance.consumers.size === 0);
    await Promise.all(
      addresses.map(async (address) => {
        const open = this.instance.brokers.peek(address);
        // A connection that opens now sends its own heartbeat.
        if (open === undefined) await this.instance.brokers.get(address).catch(() => undefined);
        else await this.send(open, address);
      }),
    );
  }

  private async send(peer: Peer, address: string): Promise<void> {
    try {
      this.note(address, await peer.request(this.command(), this.instance.options.mqClientApiTimeout));
    } catch (error) {
      this.instance.logger.debug(`heartbeat to ${address}: ${messageOf(error)}`);
    }
  }

  private command(): RemotingCommand {
    const { clientId, consumers, producers } = this.instance;
    const body = heartbeatBody.encode({
      clientID: clientId,
      producerGroups: [...producers.keys()],
      consumerDataSet: [...consumers.values()].map((consumer) => consumer.consumerData()),
    });
    return HeartBeat.createRequest({}, { body });
  }

  private note(address: string, response: RemotingCommand): void {
    if (response.code === ResponseCode.SUCCESS) {
      if (this.refusals.delete(address)) this.instance.logger.info(`${address} accepts our heartbeat again`);
      return;
    }
    const refusal = `${response.code} ${response.remark ?? ''}`;
    if (this.refusals.get(address) === refusal) return;
    this.refusals.set(address, refusal);
    const groups = [...this.instance.consumers.keys(), ...this.instance.producers.keys()].join(', ');
    this.instance.logger.error(`${address} refuses the heartbeat of ${groups}: ${refusal}`);
  }
}
