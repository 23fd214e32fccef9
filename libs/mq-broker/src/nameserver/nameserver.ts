import {
  createResponse,
  frameMemory,
  isAnyAddress,
  listenPeers,
  localIpv4,
  ResponseCode,
  unsentMemory,
} from '@rocketshop/mq-protocol';
import type { PeerLimits, PeerServer, RemotingCommand } from '@rocketshop/mq-protocol';

import type { ConfigStorage } from '../config/index.js';
import type { Logger } from '../logger.js';
import { connectionsLeft } from '../open-files.js';
import { KvConfigTable } from './kv-config-table.js';
import type { NameServerContext, NameServerProcessor } from './nameserver-context.js';
import { defaultNameServerSettings } from './nameserver-settings.js';
import { brokerProcessors } from './processors/broker-processors.js';
import { configProcessors } from './processors/config-processors.js';
import { kvProcessors } from './processors/kv-processors.js';
import { routeProcessors } from './processors/route-processors.js';
import { topicProcessors } from './processors/topic-processors.js';
import { RouteTable } from './route-table.js';

export interface NameServerOptions {
  /** Address to bind. @default '127.0.0.1' */
  host?: string;
  /** 0 takes any free port. @default 9876 */
  port?: number;
  /** Where KV configuration is kept. @default in memory only */
  storage?: ConfigStorage;
  /** How often silent brokers are looked for, ms. @default 5000 */
  scanIntervalMs?: number;
  /** UPDATE_NAMESRV_CONFIG may change the switches of NameServerSettings. @default false, it is not authenticated */
  configUpdateEnable?: boolean;
  /** For how long a broker is silent, ms: somebody may set the wall clock. @default monotonic */
  clock?: () => number;
  limits?: Partial<PeerLimits>;
  /** Told of brokers that fell silent. */
  onBrokerExpired?: (brokerAddr: string) => void;
  /** @default silent */
  log?: Logger;
}

/** Brokers and clients of a large cluster are fewer. */
const CONNECTIONS_MAX = 10_000;

/** What a name server measures of itself. */
export interface NameServerMetrics {
  brokers: number;
  topics: number;
  /** Of the broker that was heard of longest ago; undefined without brokers. */
  oldestRegistrationAgeMs: number | undefined;
  connections: number;
  /** Connections that were closed at once, since there were too many. */
  connectionsRefused: number;
  /** Bytes of frames whose rest has not arrived. */
  partialBytes: number;
  /** Bytes that slow readers have not taken. */
  unsentBytes: number;
}

/**
 * Tells clients which broker holds which topic. Name servers do not know each other: every broker registers with each.
 *
 * Source: namesrv/NamesrvController.java, namesrv/processor/DefaultRequestProcessor.java.
 */
export class NameServer {
  private constructor(
    private readonly server: PeerServer,
    private readonly routes: RouteTable,
    private readonly kv: KvConfigTable,
    private readonly scanTimer: NodeJS.Timeout,
  ) {}

  /** Resolves when requests are served. Throws what the storage throws and the system's error, as EADDRINUSE. */
  static async start(options: NameServerOptions = {}): Promise<NameServer> {
    const {
      host = '127.0.0.1',
      port = 9876,
      scanIntervalMs = 5_000,
      clock = () => performance.now(),
      limits = {},
    } = options;
    const log = options.log ?? (() => undefined);
    const connectionsMax = connectionsLeft(limits.connectionsMax ?? CONNECTIONS_MAX, { storeFiles: 0, log });
    const kv = await KvConfigTable.load(options.storage);
    const routes = new RouteTable(clock);
    const processors = createProcessors({
      routes,
      kv,
      settings: { ...defaultNameServerSettings },
      configUpdateEnable: options.configUpdateEnable ?? false,
    });
    const server = await listenPeers({
      host,
      port,
      limits: { ...limits, connectionsMax },
      handlers: {
        onRequest: (request, peer) => processors.get(request.code)?.(request, peer) ?? notSupported(request),
        onClose: (peer) => routes.channelClosed(peer),
      },
    });
    let refusedSaid = 0;
    const scanTimer = setInterval(() => {
      const { refused, peers } = server;
      if (refused > refusedSaid)
        log('warn', `${refused - refusedSaid} connections were closed at once: ${peers.size} are open.`);
      refusedSaid = refused;
      for (const brokerAddr of routes.removeExpired()) options.onBrokerExpired?.(brokerAddr);
    }, scanIntervalMs);
    return new NameServer(server, routes, kv, scanTimer);
  }

  get host(): string {
    return this.server.host;
  }

  get port(): number {
    return this.server.port;
  }

  /** `host:port`, as clients are configured with it; with an address of this machine when all are bound. */
  get address(): string {
    return `${isAnyAddress(this.host) ? localIpv4() : this.host}:${this.port}`;
  }

  metrics(): NameServerMetrics {
    return {
      ...this.routes.size(),
      connections: this.server.peers.size,
      connectionsRefused: this.server.refused,
      partialBytes: frameMemory.bytes,
      unsentBytes: unsentMemory.bytes,
    };
  }

  /** Stops serving; resolves when every connection is gone and KV configuration is stored. */
  async close(): Promise<void> {
    clearInterval(this.scanTimer);
    await this.server.close();
    await this.kv.saved();
  }
}

/** The one table from request code to processor. */
function createProcessors(context: NameServerContext): Map<number, NameServerProcessor> {
  return new Map([
    ...brokerProcessors(context),
    ...routeProcessors(context),
    ...topicProcessors(context),
    ...kvProcessors(context),
    ...configProcessors(context),
  ]);
}

function notSupported(request: RemotingCommand): RemotingCommand {
  const remark = ` request type ${request.code} not supported`;
  return createResponse(request, ResponseCode.REQUEST_CODE_NOT_SUPPORTED, { remark });
}
