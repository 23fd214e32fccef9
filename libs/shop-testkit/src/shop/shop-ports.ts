import { freePort } from '../servers/free-port.js';

/** The ports that the documentation names. */
const WELL_KNOWN_PORTS = {
  nameserver: 9876,
  broker: 10911,
  'order.http': 3001,
  'stock.http': 3002,
  'coupon.http': 3003,
  'user.http': 3004,
  'pay.http': 3005,
  'order.rpc': 4001,
  'stock.rpc': 4002,
  'coupon.rpc': 4003,
  'user.rpc': 4004,
  'pay.rpc': 4005,
  'order.internal': 5001,
  'stock.internal': 5002,
  'coupon.internal': 5003,
  'user.internal': 5004,
  'pay.internal': 5005,
  'pay-provider.http': 3010,
  'pay-provider.internal': 5010,
} as const;

export type PortName = keyof typeof WELL_KNOWN_PORTS;

/** The port of every interface of every replica. A program that is started again gets the same ports. */
export class ShopPorts {
  private readonly ports = new Map<string, number>();

  /** @param wellKnown gives the first replica the documented ports; more replicas always get free ports */
  static async choose(replicas: number, wellKnown: boolean): Promise<ShopPorts> {
    const chosen = new ShopPorts();
    for (let replica = 0; replica < replicas; replica++) {
      for (const [name, documented] of Object.entries(WELL_KNOWN_PORTS)) {
        chosen.ports.set(`${name}#${replica}`, wellKnown && replica === 0 ? documented : await freePort());
      }
    }
    return chosen;
  }

  of(name: PortName, replica = 0): number {
    const port = this.ports.get(`${name}#${replica}`);
    if (port === undefined) throw new Error(`nothing listens as ${name}, replica ${replica}`);
    return port;
  }
}
