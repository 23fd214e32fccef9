import type { ConsumerData, Peer, SubscriptionData } from '@rocketshop/mq-protocol';

import type { ClientChannel, ConsumerGroupInfo } from '../broker-context.js';

/** A client as a heartbeat presents it. */
export type ClientPresence = Omit<ClientChannel, 'lastHeartbeatMs'>;

/**
 * One online consumer group: its members by connection and what they subscribe to.
 * Source: broker/client/ConsumerGroupInfo.java.
 */
export class OnlineGroup implements ConsumerGroupInfo {
  consumeType = 'CONSUME_PASSIVELY';
  messageModel = 'CLUSTERING';
  consumeFromWhere = 'CONSUME_FROM_LAST_OFFSET';
  readonly channels = new Map<Peer, ClientChannel>();
  readonly subscriptions = new Map<string, SubscriptionData>();

  constructor(readonly groupName: string) {}

  get isBroadcasting(): boolean {
    return this.messageModel === 'BROADCASTING';
  }

  clientIds(): string[] {
    return [...new Set([...this.channels.values()].map(({ clientId }) => clientId))];
  }

  findChannel(clientId: string): ClientChannel | undefined {
    for (const channel of this.channels.values()) if (channel.clientId === clientId) return channel;
    return undefined;
  }

  /** Takes how the group consumes; the newest heartbeat of any member wins. Old Go clients write `Clustering`. */
  updateMode(data: ConsumerData): void {
    this.consumeType = data.consumeType.toUpperCase();
    this.messageModel = data.messageModel.toUpperCase();
    this.consumeFromWhere = data.consumeFromWhere.toUpperCase();
  }

  /**
   * Takes the subscriptions of one heartbeat. Returns true when a topic came or went; a changed expression of a known
   * topic moves no queue, so nobody need be told.
   */
  updateSubscriptions(subscriptions: readonly SubscriptionData[]): boolean {
    let changed = false;
    const topics = new Set<string>();
    for (const subscription of subscriptions) {
      topics.add(subscription.topic);
      const known = this.subscriptions.get(subscription.topic);
      if (known === undefined) changed = true;
      if (known === undefined || subscription.subVersion > known.subVersion) {
        this.subscriptions.set(subscription.topic, subscription);
      }
    }
    for (const topic of this.subscriptions.keys()) {
      if (topics.has(topic)) continue;
      this.subscriptions.delete(topic);
      changed = true;
    }
    return changed;
  }
}

/** Notes a heartbeat in a table of connections. Returns true when the connection was not in it. */
export function refreshChannel(channels: Map<Peer, ClientChannel>, client: ClientPresence, now: number): boolean {
  const known = channels.get(client.peer);
  if (known?.clientId === client.clientId) {
    known.lastHeartbeatMs = now;
    return false;
  }
  channels.set(client.peer, { ...client, lastHeartbeatMs: now });
  return true;
}
