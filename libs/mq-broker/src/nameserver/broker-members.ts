import type { BrokerData, ClusterInfo } from '@rocketshop/mq-protocol';

/** What a registration says about a broker's place. */
export interface BrokerMember {
  clusterName: string;
  brokerName: string;
  brokerId: number;
  brokerAddr: string;
  enableActingMaster: boolean | undefined;
}

/** Who belongs together: the addresses of a broker name (master and slaves), the broker names of a cluster. */
export class BrokerMembers {
  private readonly brokerAddrTable = new Map<string, BrokerData>();
  private readonly clusterAddrTable = new Map<string, Set<string>>();

  /** Notes a member. An address that was known under another id has changed its role. Returns true for a new id. */
  put({ clusterName, brokerName, brokerId, brokerAddr, enableActingMaster = false }: BrokerMember): boolean {
    const brokerNames = this.clusterAddrTable.get(clusterName);
    if (brokerNames === undefined) this.clusterAddrTable.set(clusterName, new Set([brokerName]));
    else brokerNames.add(brokerName);

    const known = this.brokerAddrTable.get(brokerName);
    const brokerAddrs = new Map(
      [...(known?.brokerAddrs ?? [])].filter(([id, address]) => address !== brokerAddr || id === brokerId),
    );
    const isNew = !brokerAddrs.has(brokerId);
    brokerAddrs.set(brokerId, brokerAddr);
    this.brokerAddrTable.set(brokerName, { cluster: clusterName, brokerName, brokerAddrs, enableActingMaster });
    return isNew;
  }

  /** Removes an address; `last` means that nobody of that name is left. */
  remove(brokerName: string, brokerAddr: string): 'last' | 'others-left' | 'unknown' {
    const broker = this.brokerAddrTable.get(brokerName);
    if (broker === undefined) return 'unknown';
    for (const [id, address] of broker.brokerAddrs) if (address === brokerAddr) broker.brokerAddrs.delete(id);
    if (broker.brokerAddrs.size > 0) return 'others-left';
    this.brokerAddrTable.delete(brokerName);
    for (const [clusterName, brokerNames] of this.clusterAddrTable) {
      if (brokerNames.delete(brokerName) && brokerNames.size === 0) this.clusterAddrTable.delete(clusterName);
    }
    return 'last';
  }

  brokerData(brokerName: string): BrokerData | undefined {
    return this.brokerAddrTable.get(brokerName);
  }

  addressOf(brokerName: string, brokerId: number): string | undefined {
    return this.brokerAddrTable.get(brokerName)?.brokerAddrs.get(brokerId);
  }

  minimumId(brokerName: string): number {
    return Math.min(...(this.brokerAddrTable.get(brokerName)?.brokerAddrs.keys() ?? []));
  }

  isActingMasterEnabled(brokerName: string): boolean {
    return this.brokerAddrTable.get(brokerName)?.enableActingMaster === true;
  }

  brokersOf(clusterName: string): string[] {
    return [...(this.clusterAddrTable.get(clusterName) ?? [])];
  }

  clusterInfo(): ClusterInfo {
    return {
      brokerAddrTable: new Map(this.brokerAddrTable),
      clusterAddrTable: new Map([...this.clusterAddrTable].map(([name, brokers]) => [name, [...brokers]])),
    };
  }
}
