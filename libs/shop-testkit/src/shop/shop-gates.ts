import { FaultProxy } from '../faults/fault-proxy.js';
import type { ServiceName } from './programs.js';

/** An interface of the shop that a gate can stand before. Each replica of a service has its own. */
type DoorName = `${ServiceName}.${'http' | 'rpc' | 'database'}` | 'pay-provider.http' | 'broker' | 'redis';

/** The name of a gate: a door and the number of the replica. */
export type GateName = `${DoorName}#${number}`;

/** The address that the broker tells its clients when there are gates. */
export const GATED_BROKER_IP = '127.0.0.2';

/**
 * A {@link FaultProxy} before every interface by which the programs of a shop reach each other, and by which buyers reach it. The
 * programs know the gates' addresses only.
 */
export class ShopGates {
  private readonly gates = new Map<string, FaultProxy>();

  /**
   * Opens all gates of a system.
   * @param targets the port behind each gate
   */
  async openAll(targets: Iterable<readonly [GateName, number]>): Promise<void> {
    for (const [name, port] of targets) {
      // The broker tells its clients its own port, so its gate has that port on another address of loopback.
      await this.open(name, port, name === 'broker#0' ? { host: GATED_BROKER_IP, port } : {});
    }
  }

  /** The port of a gate when it is open, or else the port behind it. */
  portOf(name: GateName, port: number): number {
    return this.gates.get(name)?.port ?? port;
  }

  private async open(
    name: GateName,
    port: number,
    listenOn: { host?: string; port?: number } = {},
  ): Promise<FaultProxy> {
    const gate = await FaultProxy.start({ port }, listenOn);
    this.gates.set(name, gate);
    return gate;
  }

  of(name: GateName): FaultProxy {
    const gate = this.gates.get(name);
    if (!gate) throw new Error(`there is no gate ${name}; known: ${[...this.gates.keys()].join(', ')}`);
    return gate;
  }

  heal(): void {
    for (const gate of this.gates.values()) gate.heal();
  }

  async stop(): Promise<void> {
    await Promise.all([...this.gates.values()].map((gate) => gate.stop()));
    this.gates.clear();
  }
}
