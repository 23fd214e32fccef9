import type { Peer } from '@rocketshop/mq-protocol';

import type { ClientChannel, ProducerTable } from '../broker-context.js';
import { refreshChannel, type ClientPresence } from './online-group.js';

export interface ProducerManagerOptions {
  clock: { now(): number };
  /** A client silent for so long is dropped. @default 120000 */
  channelExpiredTimeoutMs?: number;
}

/** The producer groups that are online, fed by heartbeats. Source: broker/client/ProducerManager.java. */
export class ProducerManager implements ProducerTable {
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

  heartbeat(client: ClientPresence, group: string): void {
    let members = this.table.get(group);
    if (members === undefined) this.table.set(group, (members = new Map()));
    refreshChannel(members, client, this.clock.now());
  }

  unregister(peer: Peer, _clientId: string, group: string): void {
    const members = this.table.get(group);
    if (members?.delete(peer) && members.size === 0) this.table.delete(group);
  }

  dropPeer(peer: Peer): void {
    for (const group of this.table.keys()) this.unregister(peer, '', group);
  }

  dropExpired(): void {
    const oldest = this.clock.now() - this.channelExpiredTimeoutMs;
    for (const [group, members] of this.table) {
      for (const { peer, clientId, lastHeartbeatMs } of members.values()) {
        if (lastHeartbeatMs >= oldest) continue;
        this.unregister(peer, clientId, group);
        peer.close();
      }
    }
  }
}
