import { createServer, connect, type AddressInfo, type Server, type Socket } from 'node:net';

/** Which way bytes go: `request` from the client to the server, `answer` back. */
export type Direction = 'request' | 'answer';

export interface Passage {
  readonly direction: Direction;
  readonly bytes: Buffer;
  /** 1 for the first connection since the proxy started. */
  readonly connection: number;
}

/**
 * What happens to the bytes:
 *   pass       unchanged
 *   drop       swallowed; the connection stays, as if the other side were silent
 *   duplicate  sent twice
 *   cut        both ends are reset, before these bytes are sent on
 *   delayMs    held back, and everything behind them on this connection and in this direction too
 */
export type Verdict = 'pass' | 'drop' | 'duplicate' | 'cut' | { readonly delayMs: number };

export type Rule = (passage: Passage) => Verdict | Promise<Verdict>;

const passAll: Rule = () => 'pass';

/**
 * A proxy that stands before PostgreSQL, an RPC port, the broker or an HTTP port and makes faults, so that no product
 * code needs a switch for them. A rule may also be where a test acts: kill a process when it sees a frame.
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

  /** @param listenOn by default a free port of loopback; another host only where the network is the proxy's own */
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

  /** From now on, for old connections too. Without a rule everything passes. */
  use(rule: Rule = passAll): void {
    this.rule = rule;
  }

  /** Answers are swallowed: what was asked for happens, and nobody hears of it. */
  loseAnswers(): void {
    this.use(({ direction }) => (direction === 'answer' ? 'drop' : 'pass'));
  }

  delayAnswers(delayMs: number): void {
    this.use(({ direction }) => (direction === 'answer' ? { delayMs } : 'pass'));
  }

  /** Resets every connection and refuses new ones until {@link heal}. */
  partition(): void {
    this.accepting = false;
    this.reset();
  }

  /** Resets every connection once. */
  reset(): void {
    for (const socket of this.sockets) breakOff(socket);
  }

  /** Everything passes again. */
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
      breakOff(client);
      return;
    }
    const connection = ++this.connections;
    const server = connect(this.target);
    const cut = (): void => {
      breakOff(client);
      breakOff(server);
    };
    this.carry('request', client, server, connection, cut);
    this.carry('answer', server, client, connection, cut);
  }

  /** One chunk after the other: a rule may take its time, and order is kept. */
  private carry(direction: Direction, from: Socket, to: Socket, connection: number, cut: () => void): void {
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
      to.destroySoon();
    });
  }

  private async apply(passage: Passage, to: Socket, cut: () => void): Promise<void> {
    const verdict = await this.rule(passage);
    if (verdict === 'drop' || to.destroyed) return;
    if (verdict === 'cut') {
      cut();
      return;
    }
    if (typeof verdict === 'object') await new Promise((resolve) => setTimeout(resolve, verdict.delayMs));
    if (to.destroyed) return;
    to.write(passage.bytes);
    if (verdict === 'duplicate') to.write(passage.bytes);
  }
}

/** RST where that can be: a socket that is ending already cannot be reset any more, and would stay open for ever. */
function breakOff(socket: Socket): void {
  if (socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}
