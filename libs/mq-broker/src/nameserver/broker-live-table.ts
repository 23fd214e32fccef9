import type { DataVersion } from '@rocketshop/mq-protocol';

/** What a broker is kept under: the same address may serve in two clusters. */
export interface BrokerAddress {
  clusterName: string;
  /** `host:port` */
  brokerAddr: string;
}

/** The connection a broker registered over. */
export interface RegistrationChannel {
  readonly id: number;
  close(): void;
}

export interface LiveBroker extends BrokerAddress {
  brokerName: string;
  haServerAddr: string;
  dataVersion: DataVersion;
  channel: RegistrationChannel;
  lastUpdateTimestamp: number;
  heartbeatTimeoutMillis: number;
}

/** A broker silent for so long is gone, unless it asked for another time. */
const BROKER_EXPIRED_MS = 120_000;

/** When each broker was last heard of, and over which connection. */
export class BrokerLiveTable {
  private readonly table = new Map<string, LiveBroker>();

  constructor(private readonly clock: () => number) {}

  get(address: BrokerAddress): LiveBroker | undefined {
    return this.table.get(keyOf(address));
  }

  put(
    broker: Pick<LiveBroker, 'clusterName' | 'brokerAddr' | 'brokerName' | 'haServerAddr' | 'dataVersion'> & {
      heartbeatTimeoutMillis: number | undefined;
    },
    channel: RegistrationChannel,
  ): void {
    const { clusterName, brokerAddr, brokerName, haServerAddr, dataVersion } = broker;
    this.table.set(keyOf(broker), {
      clusterName,
      brokerAddr,
      brokerName,
      haServerAddr,
      dataVersion,
      channel,
      lastUpdateTimestamp: this.clock(),
      heartbeatTimeoutMillis: broker.heartbeatTimeoutMillis ?? BROKER_EXPIRED_MS,
    });
  }

  delete(address: BrokerAddress): void {
    this.table.delete(keyOf(address));
  }

  refresh(address: BrokerAddress): void {
    const broker = this.get(address);
    if (broker !== undefined) broker.lastUpdateTimestamp = this.clock();
  }

  ofChannel(channel: RegistrationChannel): LiveBroker[] {
    return [...this.table.values()].filter((broker) => broker.channel.id === channel.id);
  }

  size(): { brokers: number; oldestAgeMs: number | undefined } {
    const heard = [...this.table.values()].map(({ lastUpdateTimestamp }) => lastUpdateTimestamp);
    return { brokers: heard.length, oldestAgeMs: heard.length === 0 ? undefined : this.clock() - Math.min(...heard) };
  }

  expired(): LiveBroker[] {
    const now = this.clock();
    return [...this.table.values()].filter(
      ({ lastUpdateTimestamp, heartbeatTimeoutMillis }) => lastUpdateTimestamp + heartbeatTimeoutMillis < now,
    );
  }
}

/** A comma stands in no cluster name and no address. */
function keyOf({ clusterName, brokerAddr }: BrokerAddress): string {
  return `${clusterName},${brokerAddr}`;
}
