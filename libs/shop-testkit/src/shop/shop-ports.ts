import { freePort, isFree } from '../servers/free-port.js';

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
  'broker.internal': 5020,
  'nameserver.internal': 5021,
} as const;

export type PortName = keyof typeof WELL_KNOWN_PORTS;
export const PORT_NAMES = Object.keys(WELL_KNOWN_PORTS) as PortName[];

/** The variable that gives a port to a person's liking: `order.http` is ORDER_HTTP_PORT, and `broker` is BROKER_PORT. */
export const portVariable = (name: PortName): string => `${name.replaceAll(/[.-]/g, '_').toUpperCase()}_PORT`;

/** Thrown when other programs have ports that the shop was to use. */
export class PortsInUseError extends Error {
  override readonly name = 'PortsInUseError';

  constructor(readonly ports: readonly { readonly port: number; readonly variable: string }[]) {
    super(`in use: ${ports.map(({ port, variable }) => `port ${port} (${variable})`).join(', ')}`);
  }
}

/** The port of every interface of every replica. A program that is started again gets the same ports. */
export class ShopPorts {
  private readonly ports = new Map<string, number>();

  /**
   * @param wellKnown gives the first replica the documented ports, or those that it names; more replicas always get free ports
   * @throws {PortsInUseError} that names all ports which are not free
   */
  static async choose(
    replicas: number,
    wellKnown: boolean | Readonly<Partial<Record<PortName, number>>>,
  ): Promise<ShopPorts> {
    const chosen = new ShopPorts();
    const named = typeof wellKnown === 'object' ? wellKnown : {};
    const taken: { port: number; variable: string }[] = [];
    for (let replica = 0; replica < replicas; replica++) {
      for (const name of PORT_NAMES) {
        const documented = wellKnown !== false && replica === 0;
        const port = documented ? (named[name] ?? WELL_KNOWN_PORTS[name]) : await freePort();
        if (documented && !(await isFree(port))) taken.push({ port, variable: portVariable(name) });
        chosen.ports.set(`${name}#${replica}`, port);
      }
    }
    if (taken.length > 0) throw new PortsInUseError(taken);
    return chosen;
  }

  of(name: PortName, replica = 0): number {
    const port = this.ports.get(`${name}#${replica}`);
    if (port === undefined) throw new Error(`nothing listens as ${name}, replica ${replica}`);
    return port;
  }
}
