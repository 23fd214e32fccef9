import type { Peer } from '@rocketshop/mq-protocol';

/** One connected client of a group. Source: broker/client/ClientChannelInfo.java. */
export interface ClientChannel {
  readonly peer: Peer;
  readonly clientId: string;
  readonly language: string;
  readonly version: number;
  /** By the broker's clock for durations, ms. */
  lastHeartbeatMs: number;
}

/** What a heartbeat says about its client. */
export type ClientIdentity = Omit<ClientChannel, 'lastHeartbeatMs'>;

/** Records a heartbeat in a table of connections. Returns true when the connection was not in the table. */
export function refreshChannel(channels: Map<Peer, ClientChannel>, client: ClientIdentity, now: number): boolean {
  const known = channels.get(client.peer);
  if (known?.clientId === client.clientId) {
    known.lastHeartbeatMs = now;
    return false;
  }
  channels.set(client.peer, { ...client, lastHeartbeatMs: now });
  return true;
}
