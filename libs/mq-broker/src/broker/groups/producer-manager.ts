import type { Peer } from '@rocketshop/mq-protocol';
import { refreshChannel } from './client-channel.js';
import type { ClientChannel, ClientIdentity } from './client-channel.js';

interface ProducerManagerOptions {
  clock: { now(): number };
  /** The manager drops a client that sent no heartbeat for this time, ms. @default 120000 */
  channelExpiredTimeoutMs?: number;
}

/** The producer groups that have connected clients, as heartbeats report them. Source: broker/client/ProducerManager.java. */
export class ProducerManager {
  private readonly table = new Map<string, Map<Peer, ClientChannel>>();
  private readonly clock: { now(): number };
  private readonly channelExpiredTimeoutMs: number;

  constructor(options: ProducerManagerOptions) {
    this.clock = options.clock;
    this.channelExpiredTimeoutMs = options.channelExpiredTimeoutMs ?? 120_000;
  }

  groups(): Iterable<string> {
    return this.table.keys();
  }

  channels(group: string): Iterable<ClientChannel> {
    return this.table.get(group)?.values() ?? [];
  }

  heartbeat(client: ClientIdentity, group: string): void {
    let members = this.table.get(group);
    if (members === undefined) this.table.set(group, (members = new Map()));
    refreshChannel(members, client, this.clock.now());
  }

  unregister(peer: Peer, group: string): void {
    const members = this.table.get(group);
    if (members?.delete(peer) && members.size === 0) this.table.delete(group);
  }

  dropPeer(peer: Peer): void {
    for (const group of this.table.keys()) this.unregister(peer, group);
  }

  dropExpired(): void {
    const oldest = this.clock.now() - this.channelExpiredTimeoutMs;
    for (const [group, members] of this.table) {
      for (const { peer, lastHeartbeatMs } of members.values()) {
        if (lastHeartbeatMs >= oldest) continue;
        this.unregister(peer, group);
        peer.close();
      }
    }
  }
}
