import type { ConsumerData, Peer } from '@rocketshop/mq-protocol';

import type { ClientChannel, ConsumerTable } from '../broker-context.js';
import { OnlineGroup, refreshChannel, type ClientPresence } from './online-group.js';

export interface ConsumerManagerOptions {
  clock: { now(): number };
  /** A client silent for so long is dropped. @default 120000 */
  channelExpiredTimeoutMs?: number;
  /** Whether members of the group want to hear about each other. @default always */
  isNotifyEnabled?: (group: string) => boolean;
}

/**
 * The consumer groups that are online, fed by heartbeats. A connection may serve several groups and a client may have
 * several connections.
 *
 * Source: broker/client/ConsumerManager.java, DefaultConsumerIdsChangeListener.java.
 */
export class ConsumerManager implements ConsumerTable {
  /**
   * Called when the members or the topics of a group changed and its remaining members should divide the queues anew.
   * Not called for groups that broadcast: they share no queues.
   */
  onGroupChanged: ((group: OnlineGroup) => void) | undefined;

  private readonly table = new Map<string, OnlineGroup>();
  private readonly groupsOfPeer = new Map<Peer, Set<string>>();
  private readonly clock: { now(): number };
  private readonly channelExpiredTimeoutMs: number;
  private readonly isNotifyEnabled: (group: string) => boolean;

  constructor(options: ConsumerManagerOptions) {
    this.clock = options.clock;
    this.channelExpiredTimeoutMs = options.channelExpiredTimeoutMs ?? 120_000;
    this.isNotifyEnabled = options.isNotifyEnabled ?? (() => true);
  }

  get(group: string): OnlineGroup | undefined {
    return this.table.get(group);
  }

  groups(): Iterable<OnlineGroup> {
    return this.table.values();
  }

  clientIds(group: string): string[] {
    return this.table.get(group)?.clientIds() ?? [];
  }

  findChannel(group: string, clientId: string): ClientChannel | undefined {
    return this.table.get(group)?.findChannel(clientId);
  }

  heartbeat(client: ClientPresence, data: ConsumerData): void {
    const name = data.groupName;
    let group = this.table.get(name);
    if (group === undefined) this.table.set(name, (group = new OnlineGroup(name)));
    group.updateMode(data);
    const memberIsNew = refreshChannel(group.channels, client, this.clock.now());
    const topicsChanged = group.updateSubscriptions(data.subscriptionDataSet);
    if (memberIsNew) this.noteGroupOf(client.peer, name);
    if (memberIsNew || topicsChanged) this.notify(group);
  }

  /** A connection carries one client, so the client's id names nothing that the connection does not. */
  unregister(peer: Peer, _clientId: string, group: string): void {
    const groups = this.groupsOfPeer.get(peer);
    if (groups?.delete(group) && groups.size === 0) this.groupsOfPeer.delete(peer);
    this.removeMember(group, peer);
  }

  dropPeer(peer: Peer): void {
    const groups = this.groupsOfPeer.get(peer);
    this.groupsOfPeer.delete(peer);
    for (const group of groups ?? []) this.removeMember(group, peer);
  }

  dropExpired(): void {
    const oldest = this.clock.now() - this.channelExpiredTimeoutMs;
    const expired = [...this.table.values()].flatMap((group) =>
      [...group.channels.values()]
        .filter(({ lastHeartbeatMs }) => lastHeartbeatMs < oldest)
        .map((channel) => ({ group: group.groupName, channel })),
    );
    for (const { group, channel } of expired) {
      this.unregister(channel.peer, channel.clientId, group);
      channel.peer.close();
    }
  }

  private noteGroupOf(peer: Peer, group: string): void {
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

  private notify(group: OnlineGroup): void {
    if (!group.isBroadcasting && this.isNotifyEnabled(group.groupName)) this.onGroupChanged?.(group);
  }
}
