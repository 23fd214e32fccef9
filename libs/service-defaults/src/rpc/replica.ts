import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { HostPort } from '../config/fields.js';
import { PING } from './handshake.js';
import type { RpcIdentity } from './handshake.js';
import { RpcConnection } from './rpc-connection.js';
import type { ReplicaMetrics } from './rpc-metrics.js';

/** A server of this machine room accepts and greets in a few milliseconds. */
const CONNECT_LIMIT_MS = 400;
/**
 * A replica is set aside until it answers its ping. Its connection is given up much later: an overloaded replica may still answer
 * the calls that wait there, which have gone to another replica too by then.
 */
const PING_LIMIT_MS = 3_000;
/** Pause between two looks for a replica that is set aside; doubled each time. */
const PROBE_PAUSE_MS = { first: 100, max: 1_000 };
/** An idle connection is looked at this often: it may lead to a machine that vanished. */
const HEARTBEAT_MS = 10_000;

/*
 * in service   gets calls in its turn
 * set aside    it did not answer in time, could not be reached, or said that it stops. It gets calls only when all replicas are
 *              set aside. It is looked for in the background, and is in service again as soon as it answers
 */

/** One replica of a remote service. */
export class Replica {
  readonly address: string;
  isSetAside = false;
  private connection: RpcConnection | undefined;
  private connecting: Promise<RpcConnection> | undefined;
  private probe: NodeJS.Timeout | undefined;
  private readonly heartbeat: NodeJS.Timeout;
  private isClosed = false;
  private turn = 0;

  constructor(
    /** The name of the remote service. */
    private readonly service: string,
    private readonly target: HostPort,
    private readonly identity: RpcIdentity,
    readonly metrics: ReplicaMetrics,
  ) {
    this.address = `${target.host}:${target.port}`;
    this.heartbeat = setInterval(() => this.ping(), HEARTBEAT_MS).unref();
  }

  /** The connection, if a call can be sent without waiting. */
  get open(): RpcConnection | undefined {
    return this.connection?.isOpen ? this.connection : undefined;
  }

  /** @throws when the replica is not reached */
  connect(): Promise<RpcConnection> {
    if (this.open) return Promise.resolve(this.open);
    this.connecting ??= this.connectAnew().finally(() => {
      this.connecting = undefined;
    });
    return this.connecting;
  }

  /** It did not answer in time. If it answers a ping now, it is slow and not frozen. */
  suspect(): void {
    if (this.isSetAside) return;
    this.setAside();
    if (this.open) this.ping();
    else this.lookAgain(0);
  }

  close(): void {
    this.isClosed = true;
    clearTimeout(this.probe);
    clearInterval(this.heartbeat);
    this.connection?.destroy();
  }

  private async connectAnew(): Promise<RpcConnection> {
    try {
      const connection = await this.tryAddresses();
      if (this.isClosed) connection.destroy();
      // A server that stops may say bye with its welcome.
      if (!connection.isOpen) throw new Error('was closed');
      this.connection = connection;
      this.bringBack();
      return connection;
    } catch (error) {
      if (!this.isSetAside) {
        this.setAside();
        this.lookAgain(PROBE_PAUSE_MS.first);
      }
      throw error;
    }
  }

  /** A name may have several addresses, and one of them may be dead. Each attempt begins with another one. */
  private async tryAddresses(): Promise<RpcConnection> {
    const { host, port } = this.target;
    const addresses = await addressesOf(host);
    const first = this.turn++;
    let failure: unknown;
    for (let index = 0; index < addresses.length; index++) {
      const address = addresses[(first + index) % addresses.length] as string;
      try {
        return await this.openConnection(address, port);
      } catch (error) {
        failure = error;
      }
    }
    throw failure;
  }

  private openConnection(host: string, port: number): Promise<RpcConnection> {
    const { identity, metrics, service } = this;
    const events = {
      onLeaving: (why: 'bye' | 'closed') => this.left(why),
      onPeerClock: (differenceMs: number) => metrics.peerClock(differenceMs),
    };
    return RpcConnection.open({ host, port, identity, service, limitMs: CONNECT_LIMIT_MS, events });
  }

  private left(why: 'bye' | 'closed'): void {
    this.connection = undefined;
    if (this.isSetAside && this.probe) return;
    this.setAside();
    // A connection that broke may have been reset by the network only. A server that said bye is away for a while.
    this.lookAgain(why === 'bye' ? PROBE_PAUSE_MS.first : 0);
  }

  private ping(): void {
    const connection = this.open;
    if (!connection) return;
    const askedAt = Date.now();
    const limit = setTimeout(() => connection.destroy(new Error('did not answer a ping')), PING_LIMIT_MS).unref();
    connection.ask(PING, null, PING_LIMIT_MS, (answer) => {
      clearTimeout(limit);
      if (answer === 'broken' || !('response' in answer)) return;
      this.metrics.peerClock(Number(answer.response) - (askedAt + Date.now()) / 2);
      this.bringBack();
    });
  }

  private setAside(): void {
    this.isSetAside = true;
    this.metrics.setAside(true);
  }

  private bringBack(): void {
    this.isSetAside = false;
    this.metrics.setAside(false);
    clearTimeout(this.probe);
    this.probe = undefined;
  }

  private lookAgain(pauseMs: number): void {
    if (this.isClosed) return;
    clearTimeout(this.probe);
    this.probe = setTimeout(() => {
      this.connect().catch(() => this.lookAgain(Math.min(Math.max(pauseMs, 50) * 2, PROBE_PAUSE_MS.max)));
    }, pauseMs).unref();
  }
}

async function addressesOf(host: string): Promise<readonly string[]> {
  if (isIP(host)) return [host];
  let limit: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    limit = setTimeout(() => reject(new Error(`the name ${host} was not resolved in time`)), CONNECT_LIMIT_MS);
  });
  try {
    return (await Promise.race([lookup(host, { all: true }), late])).map(({ address }) => address);
  } finally {
    clearTimeout(limit);
  }
}
