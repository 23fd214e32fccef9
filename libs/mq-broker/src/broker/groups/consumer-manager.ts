import type { ConsumerData, Peer } from '@rocketshop/mq-protocol';
import { refreshChannel } from './client-channel.js';
import type { ClientChannel, ClientIdentity } from './client-channel.js';
import { ConsumerGroupInfo } from './consumer-group-info.js';

interface ConsumerManagerOptions {
  clock: { now(): number };
  /** The manager drops a client that sent no heartbeat for this time, ms. @default 120000 */
  channelExpiredTimeoutMs?: number;
  /** Tells whether the group's members are notified when a member joins or leaves. @default always */
  isNotifyEnabled?: (group: string) => boolean;
}

/**
 * The consumer groups that have connected clients, as heartbeats report them. A connection may serve several groups, and
 * a client may have several connections.
 *
 * Source: broker/client/ConsumerManager.java, DefaultConsumerIdsChangeListener.java.
 */
export class ConsumerManager {
  /**
   * Called when the members or the topics of a group changed: the remaining members have to rebalance the queues. It is
   * not called for a group that broadcasts, because its members share no queues.
   */
  onGroupChanged: ((group: ConsumerGroupInfo) => void) | undefined;

  private readonly table = new Map<string, ConsumerGroupInfo>();
  private readonly groupsOfPeer = new Map<Peer, Set<string>>();
  private readonly clock: { now(): number };
  private readonly channelExpiredTimeoutMs: number;
  private readonly isNotifyEnabled: (group: string) => boolean;

  constructor(options: ConsumerManagerOptions) {
    this.clock = options.clock;
    this.channelExpiredTimeoutMs = options.channelExpiredTimeoutMs ?? 120_000;
    this.isNotifyEnabled = options.isNotifyEnabled ?? (() => true);
  }

  get(group: string): ConsumerGroupInfo | undefined {
    return this.table.get(group);
  }

  groups(): Iterable<ConsumerGroupInfo> {
    return this.table.values();
  }

  clientIds(group: string): string[] {
    return this.table.get(group)?.clientIds() ?? [];
  }

  findChannel(group: string, clientId: string): ClientChannel | undefined {
    return this.table.get(group)?.findChannel(clientId);
  }

  /** Takes one consumer group of one heartbeat. Calls `onGroupChanged` when a member joined or a topic was added or removed. */
  heartbeat(client: ClientIdentity, data: ConsumerData): void {
    const name = data.groupName;
    let group = this.table.get(name);
    if (group === undefined) this.table.set(name, (group = new ConsumerGroupInfo(name)));
    group.updateMode(data);
    const memberIsNew = refreshChannel(group.channels, client, this.clock.now());
    const topicsChanged = group.updateSubscriptions(data.subscriptionDataSet);
    if (memberIsNew) this.addGroupOf(client.peer, name);
    if (memberIsNew || topicsChanged) this.notify(group);
  }

  /** A connection has one client, so the connection alone identifies the client. */
  unregister(peer: Peer, group: string): void {
    const groups = this.groupsOfPeer.get(peer);
    if (groups?.delete(group) && groups.size === 0) this.groupsOfPeer.delete(peer);
    this.removeMember(group, peer);
  }

  /** The connection is closed: removes its client from every group. */
  dropPeer(peer: Peer): void {
    const groups = this.groupsOfPeer.get(peer);
    this.groupsOfPeer.delete(peer);
    for (const group of groups ?? []) this.removeMember(group, peer);
  }

  /** Removes clients that sent no heartbeat for `channelExpiredTimeoutMs`, and closes their connections. */
  dropExpired(): void {
    const oldest = this.clock.now() - this.channelExpiredTimeoutMs;
    const expired = [...this.table.values()].flatMap((group) =>
      [...group.channels.values()]
        .filter(({ lastHeartbeatMs }) => lastHeartbeatMs < oldest)
        .map((channel) => ({ group: group.groupName, channel })),
    );
    for (const { group, channel } of expired) {
      this.unregister(channel.peer, group);
      channel.peer.close();
    }
  }

  private addGroupOf(peer: Peer, group: string): void {
    const groups = this.groupsOfPeer.get(peer);
    if (groups === undefined) this.groupsOfPeer.set(peer, new Set([group]));
    else groups.add(group);
  }

  private removeMember(name: string, peer: Peer): void {
    const group = this.table.get(name);
    if (group === undefined || !group.channels.delete(peer)) return;
    if (group.channels.size === 0) this.table.delete(name);
    else this.notify(group);
  }

  private notify(group: ConsumerGroupInfo): void {
    if (!group.isBroadcasting && this.isNotifyEnabled(group.groupName)) this.onGroupChanged?.(group);
  }
}
