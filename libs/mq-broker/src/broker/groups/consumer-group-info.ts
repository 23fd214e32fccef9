import { ConsumeFromWhere, ConsumeType, MessageModel } from '@rocketshop/mq-protocol';
import type { ConsumerData, Peer, SubscriptionData } from '@rocketshop/mq-protocol';
import type { ClientChannel } from './client-channel.js';

/**
 * A consumer group that has at least one connected client: its clients by connection, and their subscriptions.
 * Source: broker/client/ConsumerGroupInfo.java.
 */
export class ConsumerGroupInfo {
  consumeType: string = ConsumeType.CONSUME_PASSIVELY;
  messageModel: string = MessageModel.CLUSTERING;
  consumeFromWhere: string = ConsumeFromWhere.CONSUME_FROM_LAST_OFFSET;
  readonly channels = new Map<Peer, ClientChannel>();
  /** Topic to subscription. A newer `subVersion` replaces the object; an object never changes. */
  readonly subscriptions = new Map<string, SubscriptionData>();

  constructor(readonly groupName: string) {}

  get isBroadcasting(): boolean {
    return this.messageModel === MessageModel.BROADCASTING;
  }

  clientIds(): string[] {
    return [...new Set([...this.channels.values()].map(({ clientId }) => clientId))];
  }

  findChannel(clientId: string): ClientChannel | undefined {
    for (const channel of this.channels.values()) if (channel.clientId === clientId) return channel;
    return undefined;
  }

  /** Takes how the group consumes. The newest heartbeat of any member wins. Old Go clients write `Clustering`. */
  updateMode(data: ConsumerData): void {
    this.consumeType = data.consumeType.toUpperCase();
    this.messageModel = data.messageModel.toUpperCase();
    this.consumeFromWhere = data.consumeFromWhere.toUpperCase();
  }

  /**
   * Takes the subscriptions of one heartbeat. Returns true when the group gained or lost a topic. A new expression for a
   * known topic returns false: it moves no queue, so the members need no notice.
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
