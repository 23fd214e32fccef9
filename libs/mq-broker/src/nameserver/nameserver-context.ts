import type { Peer, RemotingCommand } from '@rocketshop/mq-protocol';

import type { KvConfigTable } from './kv-config-table.js';
import type { NameServerSettings } from './nameserver-settings.js';
import type { RouteTable } from './route-table.js';

/** What the processors of one name server work on. */
export interface NameServerContext {
  readonly routes: RouteTable;
  readonly kv: KvConfigTable;
  readonly settings: NameServerSettings;
  readonly configUpdateEnable: boolean;
}

/** Answers one request. An error becomes code 1 with its text, a RequestRefusedError its own code. */
export type NameServerProcessor = (request: RemotingCommand, peer: Peer) => RemotingCommand | Promise<RemotingCommand>;
