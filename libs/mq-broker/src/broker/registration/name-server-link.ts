import { asError, connectPeer } from '@rocketshop/mq-protocol';
import type { Peer, RemotingCommand } from '@rocketshop/mq-protocol';

/** RocketMQ waits 24 s. The registrar rather tries a slow name server again. */
const REQUEST_TIMEOUT_MS = 6_000;
const CONNECT_TIMEOUT_MS = 3_000;

/** The connection to one name server. It is opened when a request needs it, and again after it was lost. */
export class NameServerLink {
  private peer: Peer | undefined;
  private connecting: Promise<Peer> | undefined;
  /** Aborted when the link is closed. This also ends an attempt to connect. */
  private readonly closing = new AbortController();

  constructor(
    readonly address: string,
    private readonly onLost: () => void,
  ) {}

  get isConnected(): boolean {
    return this.peer !== undefined && !this.peer.closed;
  }

  /** Rejects with PeerError when the name server cannot be reached or does not answer. */
  async request(command: RemotingCommand, timeoutMs: number = REQUEST_TIMEOUT_MS): Promise<RemotingCommand> {
    const peer = await this.connected();
    const readsBefore = peer.readCount;
    try {
      return await peer.request(command, timeoutMs);
    } catch (error) {
      // The connection may have vanished without a word. On a new one the next request may succeed; on this one never.
      if (peer.readCount === readsBefore) peer.close(asError(error));
      throw error;
    }
  }

  close(): void {
    this.closing.abort();
    this.peer?.close();
  }

  private connected(): Promise<Peer> {
    if (this.peer !== undefined && !this.peer.closed) return Promise.resolve(this.peer);
    this.connecting ??= this.connect().finally(() => {
      this.connecting = undefined;
    });
    return this.connecting;
  }

  private async connect(): Promise<Peer> {
    const colon = this.address.lastIndexOf(':');
    const peer = await connectPeer({
      host: this.address.slice(0, colon),
      port: Number(this.address.slice(colon + 1)),
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
      signal: this.closing.signal,
      handlers: {
        onClose: () => {
          this.peer = undefined;
          if (!this.closing.signal.aborted) this.onLost();
        },
      },
    });
    if (this.closing.signal.aborted) peer.close();
    this.peer = peer;
    return peer;
  }
}
