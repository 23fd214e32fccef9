import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';

/** The direction of bytes: `request` from the client to the server, `answer` from the server to the client. */
export type Direction = 'request' | 'answer';

/** Bytes that arrived together in one direction of one connection. */
export interface Chunk {
  readonly direction: Direction;
  readonly bytes: Buffer;
  /** Number of the connection. The first one since the proxy started is 1. */
  readonly connection: number;
}

/**
 * What the proxy does with a chunk:
 *   pass       sends it on unchanged
 *   drop       discards it; the connection stays open, as if the other side were silent
 *   duplicate  sends it on twice
 *   cut        resets both connections instead of sending it on
 *   delayMs    sends it on later; everything behind it on this connection and in this direction waits too
 */
export type Verdict = 'pass' | 'drop' | 'duplicate' | 'cut' | { readonly delayMs: number };

export type Rule = (chunk: Chunk) => Verdict | Promise<Verdict>;

const passAll: Rule = () => 'pass';

/**
 * A TCP proxy before PostgreSQL, an RPC port, the broker or an HTTP port. It makes faults, so that no product code needs a
 * switch for them. A rule may also act itself, for example kill a process when it sees a certain frame.
 */
export class FaultProxy {
  private rule: Rule = passAll;
  private accepting = true;
  private connections = 0;
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    private readonly target: { readonly host: string; readonly port: number },
  ) {}

  /** @param listenOn another host than loopback is safe only in a private network. @default a free port of loopback */
  static async start(
    target: { host?: string; port: number },
    listenOn: { host?: string; port?: number } = {},
  ): Promise<FaultProxy> {
    const server = createServer();
    const proxy = new FaultProxy(server, { host: target.host ?? '127.0.0.1', port: target.port });
    server.on('connection', (socket) => proxy.accept(socket));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(listenOn.port ?? 0, listenOn.host ?? '127.0.0.1', resolve);
    });
    return proxy;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** Applies `rule` from now on, to open connections too. Without a rule everything passes. */
  use(rule: Rule = passAll): void {
    this.rule = rule;
  }

  /** Drops all answers: the server does its work, and the client never knows. */
  loseAnswers(): void {
    this.use(({ direction }) => (direction === 'answer' ? 'drop' : 'pass'));
  }

  /**
   * Nothing passes any more on the connections of before, and nobody is told: what a firewall does that has lost its table, or a
   * server that is there again under the same address. New connections work.
   */
  forgetConnections(): void {
    const last = this.connections;
    this.use(({ connection }) => (connection <= last ? 'drop' : 'pass'));
  }

  /** Resets every connection and refuses new ones until {@link heal}. */
  partition(): void {
    this.accepting = false;
    this.reset();
  }

  /** Resets every connection once. */
  reset(): void {
    for (const socket of this.sockets) resetSocket(socket);
  }

  /** Accepts connections again, and lets everything pass. */
  heal(): void {
    this.accepting = true;
    this.use();
  }

  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.server.close(() => resolve());
    });
    this.reset();
    await closed;
  }

  private accept(client: Socket): void {
    if (!this.accepting) {
      resetSocket(client);
      return;
    }
    const connection = ++this.connections;
    const server = connect(this.target);
    const cut = (): void => {
      resetSocket(client);
      resetSocket(server);
    };
    this.forward('request', client, server, connection, cut);
    this.forward('answer', server, client, connection, cut);
  }

  /** Applies the rule to one chunk after the other: a rule may be slow, and the order of the bytes must stay. */
  private forward(direction: Direction, from: Socket, to: Socket, connection: number, cut: () => void): void {
    this.sockets.add(from);
    from.setNoDelay(true);
    let queue = Promise.resolve();
    from.on('data', (bytes: Buffer) => {
      queue = queue.then(() => this.apply({ direction, bytes, connection }, to, cut));
    });
    from.on('end', () => {
      queue = queue.then(() => void to.end());
    });
    from.on('error', () => to.destroy());
    from.on('close', () => {
      this.sockets.delete(from);
      // What was sent before still arrives, as it does in a network.
      queue = queue.then(() => to.destroySoon());
    });
  }

  private async apply(chunk: Chunk, to: Socket, cut: () => void): Promise<void> {
    const verdict = await this.rule(chunk);
    if (verdict === 'drop' || to.destroyed) return;
    if (verdict === 'cut') {
      cut();
      return;
    }
    if (typeof verdict === 'object') await new Promise((resolve) => setTimeout(resolve, verdict.delayMs));
    if (to.destroyed) return;
    to.write(chunk.bytes);
    if (verdict === 'duplicate') to.write(chunk.bytes);
  }
}

/** Sends an RST when the socket allows it. A socket that is already ending cannot be reset, and would stay open for ever. */
function resetSocket(socket: Socket): void {
  if (socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}
